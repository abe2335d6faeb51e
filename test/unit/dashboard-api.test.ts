import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { readDashboard } from "../../exporter/api/dashboard.ts";
import { serve } from "../../service/http.ts";
import { findingsOf } from "../helpers/promtool.ts";

const NOW = Date.parse("2026-02-12T13:46:44Z");

/** Answers every range query with one series and keeps what was asked. */
async function startPrometheus(t: TestContext) {
  const asked: URLSearchParams[] = [];
  const server = await serve(
    (request, response) => {
      asked.push(new URL(request.url ?? "", "http://localhost").searchParams);
      const result = [
        {
          metric: { __name__: "up", instance: "a" },
          values: [
            [1, "2.5"],
            [2, "NaN"],
          ],
        },
      ];
      response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
    },
    "127.0.0.1",
    0,
  );
  t.after(() => server.close());
  return { url: server.url, asked };
}

for (const hours of [1, 24, 744]) {
  test(`${hours} h: at most 500 points a series, the last of them now`, async (t) => {
    const { url, asked } = await startPrometheus(t);
    const { step, start, end } = await readDashboard(url, hours, NOW);
    assert.ok((end - start) / step + 1 <= 500, `${(end - start) / step + 1} points`);
    assert.equal((end - start) % step, 0);
    assert.equal(end, NOW / 1000);
    assert.ok(end - start > hours * 3600 - step);
    assert.equal(asked.length, 16);
    for (const query of asked) assert.equal(query.get("step"), String(step));
  });
}

test("every score counts as much as any other; what does not answer is not fast", async (t) => {
  const { url, asked } = await startPrometheus(t);
  await readDashboard(url, 24, NOW);
  const asking = (part: string) =>
    asked.map((query) => query.get("query") ?? "").find((query) => query.includes(part)) ?? "";
  const at = (instance: string, service: string) => `{instance="${instance}", service="${service}"}`;
  const series = {
    'satisfaction_score_sum{instance="a"}': 5,
    'satisfaction_score_count{instance="a"}': 1,
    'satisfaction_score_sum{instance="b"}': 9,
    'satisfaction_score_count{instance="b"}': 3,
    'average_satisfaction_score{instance="a"}': 5,
    'average_satisfaction_score{instance="b"}': 3,
    [`service_up${at("a", "oa")}`]: 0,
    [`service_response_time_seconds${at("a", "oa")}`]: 0.006,
    [`service_up${at("b", "oa")}`]: 1,
    [`service_response_time_seconds${at("b", "oa")}`]: 0.4,
  };
  const answered = [
    { expr: asking("satisfaction_score"), exp_samples: [{ labels: "{}", value: 3.5 }] },
    {
      expr: asking("service_response_time_seconds"),
      exp_samples: [{ labels: `service_response_time_seconds${at("b", "oa")}`, value: 0.4 }],
    },
  ];
  const tests = [
    {
      interval: "15s",
      input_series: Object.entries(series).map(([name, value]) => ({ series: name, values: `${value}x4` })),
      promql_expr_test: answered.map((each) => ({ ...each, eval_time: "1m" })),
    },
  ];
  assert.equal(await findingsOf({ tests }), "");
});

test("labels without the name, values as numbers, and null where there is none", async (t) => {
  const { url } = await startPrometheus(t);
  const { metrics } = await readDashboard(url, 24, NOW);
  assert.deepEqual(metrics.service_up, [
    {
      labels: { instance: "a" },
      points: [
        [1, 2.5],
        [2, null],
      ],
    },
  ]);
});
