import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseMinutes, readOptions } from "../../scripts/demo/options.ts";
import { checkToken, readExporter, refuseMidnight, refuseMixing } from "../../scripts/demo/preflight.ts";
import { createTimetable, shortest } from "../../scripts/demo/timetable.ts";
import { readTiming, seconds } from "../../scripts/demo/timing.ts";
import { TIMING } from "./support/demo.ts";
import { startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";

const COUNTED = { messages: 3, errors: 0, consultations: 0, cases: 0, scores: 0, today: 3, yesterday: 0 };

test("options: what is understood, and what is not", () => {
  assert.deepEqual(readOptions([]), { minutes: undefined, yes: false });
  assert.deepEqual(readOptions(["--minutes", "20.5", "--yes"]), { minutes: 20.5, yes: true });
  assert.equal(readOptions(["--help"]), undefined);
  assert.throws(() => readOptions(["--minutes", "-3"]), /选项的值不对。用法/);
  for (const args of [["--minutes", "many"], ["--minutes", "-3"], ["--minutes"], ["--native"], ["20"]]) {
    assert.throws(() => readOptions(args), /用法：npm run demo -- \[--minutes 分钟数\] \[--yes\]$/);
  }
});

test("it takes as long as the rules need, and no more than two hours", () => {
  assert.equal(chooseMinutes(undefined, 11.3), 13);
  assert.equal(chooseMinutes(12, 11.3), 12);
  for (const asked of [11, 121]) assert.throws(() => chooseMinutes(asked, 11.3), /应为 12 到 120：/);
});

test("with the committed rules it takes about a quarter of an hour, with a service too", () => {
  for (const slow of [undefined, 6.5]) {
    const least = shortest(TIMING, slow);
    assert.ok(least > 10 && least < 15, `${least}`);
    const { errors, surge, surged, late, service, end } = createTimetable(TIMING, slow, least);
    const order = [0, errors, surge, surged, late, end];
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.ok(errors === service.slow && service.away < service.back && service.back < end);
    // The alert of the surge, and then its end, have their time; a scrape and an evaluation before each.
    assert.ok(late - surged >= 60 + 30 + 30 && end - late >= 180 + 60 + 30);
    if (slow) assert.ok(service.away - service.slow >= 120 + 30 + 45 && end - service.back >= 180 + 60 + 45);
  }
});

test("messages from before: refused, with how to do it all the same", () => {
  refuseMixing({ ...COUNTED, messages: 0 }, false);
  refuseMixing(COUNTED, true);
  assert.throws(
    () => refuseMixing(COUNTED, false),
    /已有 3 条消息.*什么都没有写入。[\s\S]*npm run demo -- --yes$/,
  );
});

test("midnight, where the operator is, would be in the middle: refused", () => {
  const at = Date.parse("2026-02-12T23:40:00+08:00");
  refuseMidnight(at, "Asia/Shanghai", 19.9);
  refuseMidnight(at, "UTC", 120);
  assert.throws(() => refuseMidnight(at, "Asia/Shanghai", 20.1), /离零点只有 20 分钟，演示要 21 分钟/);
});

test("nobody answers, or somebody else: npm start", async (t) => {
  await assert.rejects(readExporter("http://127.0.0.1:1"), /监控没有在运行（.*）。请先执行 npm start$/);
  const other = await listen(t, (_, response) => response.end("up 1\n"));
  await assert.rejects(readExporter(other), /应答的不是采集程序/);
});

test("the token is tried before anything is written", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false }, env: { EXPORTER_TOKEN: "right" } });
  await checkToken({ url: exporter.url, token: "right" });
  await assert.rejects(checkToken({ url: exporter.url, token: "wrong" }), /不认这个令牌.*什么都没有写入。$/);
  assert.equal((await readExporter(exporter.url)).messages, 0);
});

test("how long the rules wait is read from Prometheus and Alertmanager", async (t) => {
  const url = await listen(t, (request, response) => {
    response.end(JSON.stringify(ANSWERS[new URL(request.url ?? "", "http://x").pathname]));
  });
  const timing = await readTiming({ prometheus: url, alertmanager: url }, 15);
  assert.deepEqual(timing, TIMING);
  assert.equal(seconds("1h1m1s500ms"), 3661.5);
});

test("another Prometheus, or none: it says so", async (t) => {
  const url = await listen(t, (request, response) => {
    const path = new URL(request.url ?? "", "http://x").pathname;
    response.end(JSON.stringify(path.endsWith("/rules") ? { data: { groups: [] } } : ANSWERS[path]));
  });
  await assert.rejects(
    readTiming({ prometheus: url, alertmanager: url }, 15),
    /没有告警规则 HighMessageErrorRate/,
  );
  const away = { prometheus: url, alertmanager: "http://127.0.0.1:1" };
  await assert.rejects(readTiming(away, 15), /^StackError: Alertmanager 没有应答（http:\/\/127.0.0.1:1）/);
});

const ROUTE = "route:\n  receiver: relay\n  group_wait: 30s\n  group_interval: 1m\n";
const ANSWERS: Record<string, unknown> = {
  "/api/v1/rules": {
    data: {
      groups: [
        { interval: 300, rules: [{ name: "instance:wecom_messages:increase1d", type: "recording" }] },
        {
          interval: 15,
          rules: Object.entries(TIMING.alerts).map(([name, { for: duration, keep }]) => ({
            ...{ name, type: "alerting", duration, keepFiringFor: keep },
          })),
        },
      ],
    },
  },
  "/api/v1/targets": {
    data: { activeTargets: [{ scrapePool: "wecom_legal_service", scrapeInterval: "15s" }] },
  },
  "/api/v2/status": { config: { original: ROUTE } },
};
