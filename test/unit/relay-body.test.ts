import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { firing, webhook } from "./support/alerts.ts";
import { startRelay } from "./support/relay.ts";

const BODY = JSON.stringify(webhook(firing("HighCpuUsage", { service: "案件系统" })));

suite("a webhook is known by its body", () => {
  const requests: Record<string, [headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>]> =
    {
      "whatever the charset that it names": [{ "Content-Type": "application/json; charset=gbk" }, BODY],
      "whatever the type": [{ "Content-Type": "text/html" }, BODY],
      "with a byte order mark": [{}, `\ufeff${BODY}`],
      compressed: [{ "Content-Encoding": "gzip" }, new Uint8Array(gzipSync(BODY))],
    };
  for (const [name, [headers, body]] of Object.entries(requests)) {
    test(name, async (t) => {
      const relay = await startRelay(t);
      const response = await fetch(`${relay.url}/alerts`, { method: "POST", headers, body });
      assert.deepEqual([response.status, await response.json()], [200, { accepted: 1 }]);
      assert.equal((await relay.alerts())[0]?.labels.service, "案件系统");
    });
  }

  test("in a compression that nobody knows it is none", async (t) => {
    const relay = await startRelay(t);
    assert.equal((await relay.post("/alerts", BODY, { "Content-Encoding": "br-not" })).status, 400);
  });
});

test("text that has no UTF-8 is stored as what can be told, and names may be anything", async (t) => {
  const relay = await startRelay(t);
  const alert = firing("A", { "half\ud83d": "\udc00 of a character" });
  const body = JSON.stringify(webhook(alert)).replace('"severity"', '"__proto__":"kept","severity"');
  assert.equal((await relay.post("/alerts", body)).status, 200);
  const labels = (await relay.alerts())[0]?.labels ?? {};
  assert.equal(labels["half\ufffd"], "\ufffd of a character");
  assert.equal(Object.entries(labels).find(([name]) => name === "__proto__")?.[1], "kept");
});

test("of many mistakes the first are named, wherever they are", async (t) => {
  const relay = await startRelay(t);
  const wrong = { ...firing("A"), labels: { alertname: "A", good: "yes", bad: 1, worse: 2 } };
  const response = await relay.post("/alerts", {
    version: "4",
    alerts: [firing("B"), ...Array(30).fill(wrong)],
  });
  assert.equal(response.status, 400);
  const { problems } = (await response.json()) as { problems: unknown[] };
  assert.equal(problems.length, 20);
  assert.deepEqual(problems[0], { field: "alerts.1.labels.bad", reason: "must be a text" });
});
