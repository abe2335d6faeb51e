import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Dashboard } from "../../client/wire.ts";
import { CHARTS, legendText, linesOf } from "../../exporter/page/browser/chart-lines.js";

type Series = [labels: Record<string, string>, ...values: number[]];

/** The legend of a chart whose metrics have these series, a value a minute. */
function legend(name: string, metrics: Record<string, Series[]>): string[] {
  const toSeries = ([labels, ...values]: Series) => ({
    labels,
    points: values.map((value, index): [number, number] => [index * 60, value]),
  });
  const dashboard: Dashboard = {
    ...{ duration: 1, start: 0, end: 120, step: 60 },
    metrics: Object.fromEntries(Object.entries(metrics).map(([metric, all]) => [metric, all.map(toSeries)])),
  };
  const chart = CHARTS[name];
  assert.ok(chart);
  return linesOf(chart, dashboard).map((line) => legendText(line, chart));
}

suite("the services' response times", () => {
  const services = (...all: Series[]) => legend("response", { service_response_time_seconds: all });

  test("those that were slowest of the day, by name, whichever is slow now", () => {
    const shown = services(
      ...([
        [{ service: "e" }, 9, 9, 0.1],
        [{ service: "d" }, 1, 1, 1],
        [{ service: "c" }, 2, 2, 2],
        [{ service: "b" }, 3, 3, 3],
        [{ service: "a" }, 0.5, 0.5, 5],
      ] satisfies Series[]),
    );
    assert.deepEqual(shown, ["a 5 秒", "b 3 秒", "c 2 秒", "e 0.1 秒"]);
  });

  test("the exporter's own only where there is no other", () => {
    assert.deepEqual(services([{ service: "monitoring" }, 1, 1, 1], [{ service: "案件系统" }, 2, 2, 2]), [
      "案件系统 2 秒",
    ]);
    assert.deepEqual(services([{ service: "monitoring" }, 1, 1, 1]), ["采集程序自己 1 秒"]);
  });
});

test("a threshold says whose it is, once for all that share it, as it was written", () => {
  const threshold = (alert: string, value: number): Series => [{ alert }, value, value, value];
  const host = [
    threshold("HighDiskUsage", 90),
    threshold("HighCpuUsage", 80),
    threshold("HighMemoryUsage", 80),
  ];
  assert.deepEqual(legend("host", { monitoring_threshold: host }), ["CPU、内存阈值 80%", "磁盘阈值 90%"]);
  const slow = [threshold("SlowServiceResponse", 0.25)];
  assert.deepEqual(legend("response", { monitoring_threshold: slow }), ["阈值 0.25 秒"]);
});

test("what is counted has no decimals, and what is missing no value", () => {
  assert.deepEqual(legend("messages", { wecom_messages_increase5m: [[{}, 0, 0, 47.8]] }), ["消息 48 条"]);
  assert.deepEqual(legend("messages", { wecom_messages_increase5m: [[{}, 1]] }), ["消息 此刻没有"]);
});
