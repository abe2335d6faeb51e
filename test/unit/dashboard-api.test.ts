import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { readDashboard } from "../../exporter/api/dashboard.ts";
import { serve } from "../../service/http.ts";

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
