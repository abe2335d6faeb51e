import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type PlayedService, playService } from "../../scripts/demo/service.ts";
import { freePorts } from "../helpers/ports.ts";
import { listen } from "./support/server.ts";

const SLOW = 200;

test("healthy, slow, away, and healthy again, as an exporter would see it", async (t) => {
  const { url, service } = await played(t);
  assert.deepEqual(await probe(url), { status: 200, isSlow: false });
  await service.become("slow");
  assert.deepEqual(await probe(url), { status: 200, isSlow: true });
  await service.become("away");
  await assert.rejects(fetch(url));
  await service.become("healthy");
  assert.deepEqual(await probe(url), { status: 200, isSlow: false });
  assert.equal(service.probes, 3);
});

test("one that it cannot play: it says why, and what to write", async (t) => {
  const taken = await listen(t, (_, response) => response.end());
  const port = new URL(taken).port;
  for (const [url, words] of [
    [
      undefined,
      /^想连服务变慢、中断一起看：.*加一行 demo = http:\/\/127.0.0.1:8899\/health，执行 npm run apply/,
    ],
    ["http://demo.example.com/", /不在本机，应写成 demo = http/],
    ["https://127.0.0.1:8899/", /不在本机/],
    [`${taken}/health`, new RegExp(`端口 ${port} 不能用（已有别的程序）`)],
  ] as const) {
    const services = url === undefined ? [{ name: "官网", url: taken }] : [{ name: "demo", url }];
    assert.match(String(await playService(services, SLOW)), words);
  }
});

async function played(t: TestContext): Promise<{ url: string; service: PlayedService }> {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}/health`;
  const service = await playService([{ name: "demo", url }], SLOW);
  if (typeof service === "string") throw new Error(service);
  t.after(() => service.close());
  return { url, service };
}

async function probe(url: string): Promise<{ status: number; isSlow: boolean }> {
  const begun = performance.now();
  const { status } = await fetch(url);
  return { status, isSlow: performance.now() - begun >= SLOW * 0.9 };
}
