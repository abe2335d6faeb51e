import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Env } from "../../config/environment.ts";
import { type PartName, readPorts } from "../../scripts/stack/addresses.ts";
import { createParts, type PartsOptions } from "../../scripts/stack/parts.ts";
import { PROJECT, statePaths } from "../../scripts/stack/project.ts";
import { testConfig } from "./support/exporter.ts";
import { temporaryFolder } from "./support/folder.ts";
import { renderer } from "./support/rendering.ts";

const NAMES: PartName[] = ["exporter", "relay", "prometheus", "alertmanager", "grafana"];
const ENV: Env = { PATH: "/bin", LOG_LEVEL: "info", GRAFANA_ADMIN_PASSWORD: "first" };

function settings(t: TestContext, { render } = renderer(t)): PartsOptions {
  const folder = temporaryFolder(t);
  const config = testConfig({ metricsPort: 8001 });
  const server = (name: string) => ({
    command: [name],
    tool: undefined,
    version: "1.0.0",
    origin: "",
    home: "",
  });
  return {
    project: PROJECT,
    paths: statePaths(folder),
    config,
    env: ENV,
    ports: readPorts(config, {}),
    servers: {
      prometheus: server("prometheus"),
      alertmanager: server("alertmanager"),
      grafana: server("grafana"),
    },
    rendering: render(),
  };
}

function find(options: PartsOptions, name: PartName) {
  const part = createParts(options).find((candidate) => candidate.name === name);
  assert.ok(part, name);
  return part;
}

test("each part gets only the secrets that it needs, and none where everybody could read it", (t) => {
  const env: Env = {
    ...ENV,
    RELAY_TOKEN: "relay-secret",
    WECOM_ROBOT_KEY: "robot-secret",
    GRAFANA_ADMIN_PASSWORD: "grafana-secret",
    AWS_SECRET_ACCESS_KEY: "other-secret",
  };
  const options = { ...settings(t), env };
  const secrets = (name: PartName) =>
    Object.values(find(options, name).env).filter((value) => value.endsWith("-secret"));
  assert.deepEqual(secrets("prometheus"), []);
  assert.deepEqual(secrets("alertmanager"), []);
  assert.deepEqual(secrets("grafana"), ["grafana-secret"]);
  assert.deepEqual(secrets("relay"), ["relay-secret", "robot-secret"]);
  // A command line is visible to every user of the machine.
  for (const name of NAMES) assert.doesNotMatch(find(options, name).command.join(" "), /secret/);
});

test("Grafana's password may be given by file", (t) => {
  const file = join(temporaryFolder(t), "password");
  writeFileSync(file, "from-file\n");
  const { env } = find({ ...settings(t), env: { GRAFANA_ADMIN_PASSWORD_FILE: file } }, "grafana");
  assert.equal(env.GF_SECURITY_ADMIN_PASSWORD, "from-file");
});

test("a server that cannot be had is left out, the others start in the same order", (t) => {
  const all = settings(t);
  const names = (options: PartsOptions) => createParts(options).map(({ name }) => name);
  assert.deepEqual(names(all), ["relay", "alertmanager", "exporter", "prometheus", "grafana"]);
  assert.deepEqual(names({ ...all, servers: {} }), ["relay", "exporter"]);
});

test("a part is to be started anew when what it reads at its start has changed, and only then", (t) => {
  const rendered = renderer(t);
  const options = settings(t, rendered);
  const before = createParts(options);
  const changed = (changes: Partial<PartsOptions> = {}) =>
    createParts({ ...options, ...changes })
      .filter(({ fingerprint }, index) => fingerprint !== before[index]?.fingerprint)
      .map(({ name }) => name);
  assert.deepEqual(changed(), []);
  assert.deepEqual(changed({ env: { ...ENV, PATH: "/usr/bin", UNKNOWN: "1" } }), []);
  assert.deepEqual(changed({ env: { ...ENV, LOG_LEVEL: "debug" } }), ["relay", "exporter"]);
  assert.deepEqual(changed({ env: { ...ENV, GRAFANA_ADMIN_PASSWORD: "new" } }), ["grafana"]);
  // Prometheus and Alertmanager take new files by reload.
  const files = { addresses: { exporter: "localhost:9001" }, relayTokenFile: "/secrets/relay_token" };
  assert.deepEqual(changed({ rendering: rendered.render(files) }), []);
  assert.deepEqual(changed({ config: { ...options.config, retentionDays: 30 } }), ["prometheus"]);
  const configText = "[monitoring]\nalert_enabled = false\n";
  assert.deepEqual(changed({ rendering: rendered.render({ configText }) }), ["relay", "exporter"]);
});

test("our services read the config.ini that was validated, wherever they start from", (t) => {
  const options = settings(t);
  for (const name of ["exporter", "relay"] as const) {
    const file = join(options.paths.config, "current/config.ini");
    assert.equal(find(options, name).env.MONITORING_CONFIG, file);
  }
});
