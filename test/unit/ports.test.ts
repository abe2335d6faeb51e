import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { platform } from "node:os";
import { suite, type TestContext, test } from "node:test";
import { EnvironmentError } from "../../config/environment.ts";
import { type PartName, type Ports, readPorts } from "../../scripts/stack/addresses.ts";
import { refuseTakenPorts } from "../../scripts/stack/ports.ts";
import { StackError } from "../../scripts/stack/project.ts";
import { testConfig } from "./support/exporter.ts";
import { listen } from "./support/server.ts";

const CONFIG = testConfig({ metricsPort: 8001 });

const portOf = (url: string) => Number(new URL(url).port);

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function somePorts(changes: Partial<Ports>): Promise<Ports> {
  const free = await freePort();
  return { exporter: free, relay: free, prometheus: free, alertmanager: free, grafana: free, ...changes };
}

const taken = (t: TestContext) => listen(t, () => {}).then(portOf);

suite("before anything starts", () => {
  test("free ports are fine, and free afterwards", async () => {
    const ports = await somePorts({});
    await refuseTakenPorts(["exporter"], ports);
    await refuseTakenPorts(["exporter"], ports);
  });

  test("every taken port is named, with its part and what to change", async (t) => {
    const ports = await somePorts({ exporter: await taken(t), relay: await taken(t) });
    const error = await refusal(["exporter", "prometheus", "relay"], ports);
    const lines = error.message.replaceAll(/：[^：]*（进程 \d+）。/g, "：某程序。").split("\n");
    assert.deepEqual(lines, [
      `端口 ${ports.exporter}（采集程序）已被占用：某程序。请停掉那个程序，或者修改 config/config.ini 里的 metrics_port`,
      `端口 ${ports.relay}（告警转发）已被占用：某程序。请停掉那个程序，或者修改 .env 里的 RELAY_PORT`,
    ]);
  });

  test("the owner is named by program and process", {
    skip: platform() !== "linux" && "needs /proc",
  }, async (t) => {
    const error = await refusal(["relay"], await somePorts({ relay: await taken(t) }));
    const name = readFileSync("/proc/self/comm", "utf8").trim();
    assert.ok(error.message.includes(`已被占用：${name}（进程 ${process.pid}）。`), error.message);
  });

  test("somebody who listens on every address is noticed", async (t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    assert.match(
      (await refusal(["relay"], await somePorts({ relay: port }))).message,
      new RegExp(`端口 ${port}`),
    );
  });
});

suite("the ports of the parts", () => {
  test("are the guide's, unless .env or config.ini says otherwise", () => {
    const usual = { exporter: 8001, relay: 8002, prometheus: 9090, alertmanager: 9093, grafana: 3000 };
    assert.deepEqual(readPorts(CONFIG, {}), usual);
    assert.deepEqual(readPorts(CONFIG, { GRAFANA_PORT: "3001", RELAY_PORT: "" }), {
      ...usual,
      grafana: 3001,
    });
  });

  test("lie between 1 and 65535", () => {
    for (const PROMETHEUS_PORT of ["0", "65536", "http"]) {
      assert.throws(
        () => readPorts(CONFIG, { PROMETHEUS_PORT }),
        new EnvironmentError("环境变量 PROMETHEUS_PORT：应为 1 到 65535 的整数"),
      );
    }
  });

  test("are all different", () => {
    assert.throws(
      () => readPorts(CONFIG, { RELAY_PORT: "8001" }),
      new EnvironmentError(
        "端口 8001 被分给了 采集程序（config/config.ini 里的 metrics_port）和 告警转发（.env 里的 RELAY_PORT），各部分的端口必须不同",
      ),
    );
  });
});

async function refusal(names: PartName[], ports: Ports): Promise<StackError> {
  try {
    await refuseTakenPorts(names, ports);
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    return error;
  }
  assert.fail("all were free");
}
