import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../config/config.ts";
import type { Env } from "../../config/environment.ts";
import type { PartName } from "../../scripts/stack/addresses.ts";
import { changedVariables } from "../../scripts/stack/part-variables.ts";
import { createParts, type PartsOptions } from "../../scripts/stack/parts.ts";
import { temporaryFolder } from "./support/folder.ts";
import { ENV, find, settings } from "./support/parts.ts";

const NAMES: PartName[] = ["exporter", "relay", "prometheus", "alertmanager", "grafana"];

test("each part gets only the secrets that it needs, and none where everybody could read it", (t) => {
  const env: Env = {
    ...ENV,
    RELAY_TOKEN: "relay-secret",
    WECOM_ROBOT_KEY: "robot-secret",
    WECOM_SECRET: "app-secret",
    GRAFANA_ADMIN_PASSWORD: "grafana-secret",
    AWS_SECRET_ACCESS_KEY: "other-secret",
  };
  const options = { ...settings(t), env };
  const secrets = (name: PartName) =>
    Object.values(find(options, name).env).filter((value) => value.endsWith("-secret"));
  assert.deepEqual(secrets("prometheus"), []);
  assert.deepEqual(secrets("alertmanager"), []);
  assert.deepEqual(secrets("grafana"), ["grafana-secret"]);
  // For its page's test message; what goes out is the relay's alone.
  assert.deepEqual(secrets("exporter"), ["relay-secret"]);
  assert.deepEqual(secrets("relay"), ["relay-secret", "robot-secret", "app-secret"]);
  // A command line is visible to every user of the machine.
  for (const name of NAMES) assert.doesNotMatch(find(options, name).command.join(" "), /secret/);
});

test("Grafana's password may be given by file", (t) => {
  const file = join(temporaryFolder(t), "password");
  writeFileSync(file, "from-file\n");
  const { env } = find({ ...settings(t), env: { GRAFANA_ADMIN_PASSWORD_FILE: file } }, "grafana");
  assert.equal(env.GF_SECURITY_ADMIN_PASSWORD, "from-file");
});

test("the firm's own authorities reach Alertmanager too, in Go's words", (t) => {
  const env = { ...ENV, NODE_EXTRA_CA_CERTS: "/etc/ssl/ours.pem" };
  const given = (name: PartName) => {
    const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE } = find({ ...settings(t), env }, name).env;
    return [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE];
  };
  assert.deepEqual(given("relay"), ["/etc/ssl/ours.pem", undefined]);
  assert.deepEqual(given("alertmanager"), [undefined, "/etc/ssl/ours.pem"]);
});

test("a server that cannot be had is left out, the others start in the same order", (t) => {
  const all = settings(t);
  const names = (options: PartsOptions) => createParts(options).map(({ name }) => name);
  assert.deepEqual(names(all), ["relay", "alertmanager", "exporter", "prometheus", "grafana"]);
  assert.deepEqual(names({ ...all, servers: {} }), ["relay", "exporter"]);
});

test("a part is to be started anew when what it reads at its start has changed, and only then", (t) => {
  const options = settings(t);
  const before = createParts(options);
  const changed = (changes: Partial<PartsOptions> = {}) =>
    createParts({ ...options, ...changes })
      .filter(({ fingerprint }, index) => fingerprint !== before[index]?.fingerprint)
      .map(({ name }) => name);
  assert.deepEqual(changed(), []);
  assert.deepEqual(changed({ env: { ...ENV, PATH: "/usr/bin", UNKNOWN: "1" } }), []);
  assert.deepEqual(changed({ env: { ...ENV, LOG_LEVEL: "debug" } }), ["relay", "exporter"]);
  assert.deepEqual(changed({ env: { ...ENV, GRAFANA_ADMIN_PASSWORD: "new" } }), ["grafana"]);
  const config = (changes: Partial<Config>) => changed({ config: { ...options.config, ...changes } });
  assert.deepEqual(config({ retentionDays: 30 }), ["relay", "prometheus"]);
  assert.deepEqual(config({ alertEnabled: false }), ["relay", "exporter"]);
  assert.deepEqual(config({ services: [{ name: "客服", url: "http://a/" }] }), ["exporter"]);
  // Thresholds are Prometheus's business, which takes them by reload, as long as no probe has to wait longer.
  const { thresholds } = options.config;
  assert.deepEqual(config({ thresholds: { ...thresholds, cpu: 70, responseTime: 4 } }), []);
  assert.deepEqual(config({ thresholds: { ...thresholds, responseTime: 6 } }), ["exporter"]);
});

test("a part of ours is started anew when its program has changed, and no other one", (t) => {
  const project = temporaryFolder(t);
  const write = (file: string, text: string) => writeFileSync(join(project, file), text);
  for (const folder of ["config", "service", "exporter", "alertmanager", "scripts"]) {
    mkdirSync(join(project, folder));
    write(`${folder}/program.ts`, "");
  }
  write("package-lock.json", "");
  const options = settings(t);
  const config = { ...options.config, backup: { keep: 2, hour: 3 } };
  const parts = () => createParts({ ...options, project, config, servers: {} });
  const changed = (file: string) => {
    const before = parts();
    write(file, "changed");
    return parts()
      .filter(({ fingerprint }, index) => fingerprint !== before[index]?.fingerprint)
      .map(({ name }) => name);
  };
  assert.deepEqual(changed("scripts/program.ts"), ["backup"]);
  assert.deepEqual(changed("exporter/program.ts"), ["relay", "exporter"]);
  assert.deepEqual(changed("service/program.ts"), ["relay", "exporter", "backup"]);
  assert.deepEqual(changed("alertmanager/alertmanager.yml"), []);
});

test("our services read the config.ini that was validated, wherever they start from", (t) => {
  const options = settings(t);
  for (const name of ["exporter", "relay"] as const) {
    const file = join(options.paths.config, "current/config.ini");
    assert.equal(find(options, name).env.MONITORING_CONFIG, file);
  }
});

test("what the operator has changed in .env is told by name, once and without the value", (t) => {
  const options = settings(t);
  const env = { ...ENV, LOG_LEVEL: "debug", WECOM_ROBOT_KEY: "secret", GRAFANA_ADMIN_PASSWORD: "new" };
  const changed = (name: PartName) =>
    changedVariables(find(options, name).env, find({ ...options, env }, name).env);
  assert.deepEqual(changed("relay"), ["LOG_LEVEL", "WECOM_ROBOT_KEY"]);
  assert.deepEqual(changed("grafana"), ["GRAFANA_ADMIN_PASSWORD"]);
  assert.deepEqual(changed("prometheus"), []);
});
