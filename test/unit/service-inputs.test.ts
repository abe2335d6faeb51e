import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { createRelay } from "../../alertmanager/relay/relay.ts";
import type { Config } from "../../config/config.ts";
import { readServiceEnvironment } from "../../config/environment.ts";
import { createExporter } from "../../exporter/exporter.ts";
import { configFingerprint, type ServiceName } from "../../scripts/stack/service-inputs.ts";
import { fakeClock } from "./support/clock.ts";
import { testConfig } from "./support/exporter.ts";
import { temporaryFolder } from "./support/folder.ts";
import { silentLogger } from "./support/logger.ts";

/** A Config that notes which of its keys are read. */
function watched(): { config: Config; read: Set<string> } {
  const read = new Set<string>();
  const watch = <T extends object>(value: T, prefix = ""): T =>
    new Proxy(value, {
      get(target, key) {
        const inner = Reflect.get(target, key);
        if (key === "thresholds") return watch(inner as object, "thresholds.");
        read.add(`${prefix}${String(key)}`);
        return inner;
      },
    });
  return { config: watch(testConfig()), read };
}

function service(t: TestContext, name: ServiceName, config: Config) {
  const environment = { ...readServiceEnvironment({ RELAY_PORT: "0" }, 0), dataDir: temporaryFolder(t) };
  const common = { config, environment, clock: fakeClock(), logger: silentLogger };
  return name === "exporter"
    ? createExporter(common)
    : createRelay({ ...common, channelSettings: readChannelSettings({}) });
}

const PATHS = ["/", "/metrics", "/api/status", "/api/monitoring"];

for (const name of ["exporter", "relay"] as const) {
  test(`the ${name} is started anew for exactly what it reads of config.ini`, async (t) => {
    const [used, known] = [watched(), watched()];
    const running = service(t, name, used.config);
    t.after(() => running.stop());
    await running.start();
    for (const path of PATHS) await (await fetch(running.url + path)).text();
    configFingerprint(name, known.config);
    assert.deepEqual([...used.read].sort(), [...known.read].sort());
  });
}
