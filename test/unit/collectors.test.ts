import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { OWN_SERVICE } from "../../config/config.ts";
import { createCollectors } from "../../exporter/collectors/index.ts";
import { probeDeadline, servicesCollector } from "../../exporter/collectors/services.ts";
import { testConfig } from "./support/exporter.ts";
import { PATIENT, probe } from "./support/probe.ts";
import { listen } from "./support/server.ts";

/** Seconds: for those that wait for its end. */
const SHORT = 0.5;

test("this machine's CPU, memory and disks measure between 0 and 100", async () => {
  const collectors = createCollectors(testConfig(), "/", () => "");
  for (const name of ["cpu", "memory", "disk"]) {
    const samples = (await collectors.find((collector) => collector.name === name)?.collect()) ?? [];
    assert.ok(samples.length > 0, name);
    for (const { value } of samples) assert.ok(value >= 0 && value <= 100, `${name} ${value}`);
  }
});

suite("a service", () => {
  test("that answers 2xx is up", async (t) => {
    const url = await listen(t, (_request, response) => response.writeHead(204).end());
    assert.equal((await probe(url)).up, 1);
  });

  test("is where it redirects to", async (t) => {
    const moved = await listen(t, ({ url }, response) => {
      if (url === "/") response.writeHead(302, { Location: "/login" }).end();
      else response.writeHead(url === "/login" ? 200 : 404).end();
    });
    assert.equal((await probe(moved)).up, 1);
    const lost = await listen(t, ({ url }, response) => {
      if (url === "/") response.writeHead(302, { Location: "/gone" }).end();
      else response.writeHead(404).end();
    });
    assert.equal((await probe(lost)).up, 0);
  });

  test("that answers 4xx or 5xx is down, and its time is that of the answer", async (t) => {
    for (const status of [404, 500]) {
      const url = await listen(t, (_request, response) => response.writeHead(status).end());
      const { up, seconds } = await probe(url);
      assert.equal(up, 0, `${status}`);
      assert.ok(seconds > 0 && seconds < PATIENT, `${seconds}`);
    }
  });

  test("that nobody runs is down at once", async () => {
    const { up, seconds } = await probe("http://127.0.0.1:1");
    assert.equal(up, 0);
    assert.ok(seconds < PATIENT, `${seconds}`);
  });

  test("that does not answer is down, and its time is the deadline", async (t) => {
    const { up, seconds } = await probe(await silent(t), SHORT);
    assert.equal(up, 0);
    assert.ok(Math.abs(seconds - SHORT) < 0.01, `${seconds}`);
  });

  test("that begins a long answer is up: its body is not waited for", async (t) => {
    const url = await listen(t, (_request, response) => void response.writeHead(200).write("…"));
    const { up, seconds } = await probe(url);
    assert.equal(up, 1);
    assert.ok(seconds < PATIENT / 2, `${seconds}`);
  });
});

test("services are probed at the same time: a silent one does not delay the others", async (t) => {
  const fine = await listen(t, (_request, response) => response.end());
  const stuck = await silent(t);
  const targets = ["a", "b", "c"].map((name) => ({ name, url: stuck }));
  const begun = performance.now();
  const samples = await servicesCollector({
    targets,
    ownUrl: () => fine,
    deadline: SHORT,
    patience: PATIENT,
  }).collect();
  assert.ok(performance.now() - begun < 3 * SHORT * 1000);
  assert.deepEqual(
    samples
      .filter(({ metric }) => metric === "service_up")
      .map(({ labels, value }) => [labels?.service, value]),
    [
      ["a", 0],
      ["b", 0],
      ["c", 0],
      [OWN_SERVICE, 1],
    ],
  );
});

test("a service that is silent for longer than a run is told later; the others meanwhile, and it is not asked twice", async (t) => {
  let asked = 0;
  const stuck = await listen(t, () => {
    asked += 1;
  });
  const fine = await listen(t, (_request, response) => response.end());
  const targets = [
    { name: "a", url: stuck },
    { name: "b", url: fine },
  ];
  const collector = servicesCollector({ targets, ownUrl: () => fine, deadline: SHORT, patience: SHORT / 5 });
  const up = async () =>
    (await collector.collect())
      .filter(({ metric }) => metric === "service_up")
      .map(({ labels, value }) => `${labels?.service} ${value}`);
  assert.deepEqual(await up(), ["b 1", `${OWN_SERVICE} 1`]);
  assert.deepEqual(await up(), ["b 1", `${OWN_SERVICE} 1`]);
  assert.equal(asked, 1);
  const time = (await collector.collect()).find(({ labels }) => labels?.service === "a");
  assert.ok((time?.value ?? 0) > SHORT / 5, "its time so far");
  await sleep(SHORT * 1000);
  assert.deepEqual(await up(), ["a 0", "b 1", `${OWN_SERVICE} 1`]);
  collector.stop?.();
});

test("after a stop nothing of before is told, neither an old answer nor a probe that was called off", async (t) => {
  let silentNow = false;
  const url = await listen(t, (_request, response) => {
    if (!silentNow) response.end();
  });
  const targets = [{ name: "a", url }];
  const collector = servicesCollector({ targets, ownUrl: () => url, deadline: PATIENT, patience: SHORT / 5 });
  assert.equal((await collector.collect()).length, 4);
  silentNow = true;
  collector.stop?.();
  const calledOff = collector.collect();
  await sleep(SHORT * 100);
  collector.stop?.();
  await calledOff.catch(() => {});
  const after = await collector.collect();
  assert.deepEqual(
    after.filter(({ metric }) => metric === "service_up"),
    [],
  );
  collector.stop?.();
});

test("services are probed a few at a time, so that a scrape comes in between", async () => {
  let begun = 0;
  const targets = Array.from({ length: 100 }, (_, index) => ({
    name: `${index}`,
    get url() {
      begun += 1;
      return "http://127.0.0.1:1";
    },
  }));
  const collector = servicesCollector({
    targets,
    ownUrl: () => "http://127.0.0.1:1",
    deadline: SHORT,
    patience: PATIENT,
  });
  const samples = collector.collect();
  await turn();
  assert.ok(begun < 10, `${begun} at once`);
  assert.equal((await samples).length, 2 * (targets.length + 1));
});

test("once stopped, probes end at once, those that had not begun included", async (t) => {
  const targets = Array.from({ length: 100 }, (_, index) => ({
    name: `${index}`,
    url: "http://127.0.0.1:1",
  }));
  const stuck = await silent(t);
  for (const some of [targets, [{ name: "a", url: stuck }]]) {
    const collector = servicesCollector({
      targets: some,
      ownUrl: () => stuck,
      deadline: PATIENT,
      patience: PATIENT,
    });
    const begun = performance.now();
    const samples = collector.collect();
    await turn();
    collector.stop?.();
    await samples.catch(() => {});
    assert.ok(performance.now() - begun < (PATIENT * 1000) / 10);
  }
});

test("a probe waits longer than the threshold, so that a slow answer shows as slow", () => {
  assert.deepEqual([0.1, 5, 6, 300].map(probeDeadline), [10, 10, 12, 600]);
});

/** A server that takes requests and never answers. */
function silent(t: TestContext): Promise<string> {
  return listen(t, () => {});
}
