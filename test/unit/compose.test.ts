import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { composeEnv } from "../../scripts/stack/compose-cli.ts";
import { GRAFANA_SETTINGS, serviceFlags } from "../../scripts/stack/parts.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { VERSIONS } from "../../scripts/stack/releases.ts";
import { testConfig } from "./support/exporter.ts";

interface Service {
  image: string;
  labels?: { configuration: string };
  volumes: (string | { source: string; target: string; read_only: boolean })[];
  command?: string[];
  user: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  restart: string;
  logging: { options: Record<string, string> };
  ports?: string[];
  privileged?: boolean;
  cap_add?: string[];
  healthcheck?: { test: string[] };
  environment: Record<string, string>;
}

const text = readFileSync(join(PROJECT, "docker-compose.yml"), "utf8");
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};

for (const [name, service] of Object.entries(compose.services)) {
  test(`${name} may do no more than it has to`, () => {
    assert.match(service.user, /^[1-9]\d*:\d+$/);
    assert.equal(service.read_only, true);
    assert.deepEqual(service.cap_drop, ["ALL"]);
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"]);
    assert.equal(service.privileged ?? service.cap_add, undefined);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
  });

  test(`${name} comes back by itself, and its log does not fill the disk`, () => {
    assert.equal(service.restart, name === "init" ? "no" : "unless-stopped");
    assert.deepEqual(Object.keys(service.logging.options), ["max-size", "max-file"]);
    // backup answers nobody: what it fails in becomes an alert.
    if (name !== "init" && name !== "backup") assert.notEqual(service.healthcheck, undefined);
  });
}

test("our services read the config.ini that was validated, and see no other", () => {
  for (const name of ["exporter", "relay"]) {
    const { environment, volumes = [] } = compose.services[name] ?? {};
    assert.equal(environment?.MONITORING_CONFIG, "/rendered/current/config.ini");
    assert.ok(volumes.includes("rendered:/rendered:ro"), name);
    assert.ok(!volumes.some((volume) => String(volume).startsWith("./config")), name);
  }
});

test("every container that reads settings at its start only is labelled with them", () => {
  const labels = Object.entries(compose.services).map(([name, service]) => [
    name,
    service.labels?.configuration,
  ]);
  assert.deepEqual(Object.fromEntries(labels), {
    init: undefined,
    relay: `\${RELAY_CONFIGURATION_HASH:-}`,
    exporter: `\${EXPORTER_CONFIGURATION_HASH:-}`,
    prometheus: undefined,
    alertmanager: undefined,
    grafana: `\${GRAFANA_CONFIGURATION_HASH:-}`,
    backup: `\${BACKUP_CONFIGURATION_HASH:-}`,
  });
});

test("the image holds none of the files that init has mounted: a changed value makes no new one", () => {
  const ignored = readFileSync(join(PROJECT, ".dockerignore"), "utf8").split("\n");
  for (const file of ["config/config.ini", "alertmanager/alertmanager.yml"])
    assert.ok(ignored.includes(file));
  for (const folder of ["prometheus", "grafana"]) assert.ok(!ignored.includes(`!${folder}`));
});

test("a backup has every volume that keeps something, and no port", () => {
  const { volumes = [], ports } = compose.services.backup ?? {};
  const kept = Object.keys(compose.volumes).filter((name) => name.endsWith("-data"));
  assert.ok(kept.length > 4);
  assert.deepEqual(
    volumes.filter((volume) => String(volume).includes("-data:")).sort(),
    kept.map((name) => `${name}:/stack/${name.replace("-data", "")}`).sort(),
  );
  assert.equal(ports, undefined);
});

test("what sees the host's files is not in root's group, which may open sockets of root's", () => {
  const seeing = Object.values(compose.services).filter(({ volumes }) => volumes.includes("/:/host:ro"));
  assert.deepEqual(
    seeing.map(({ user }) => user),
    ["65534:65534"],
  );
});

test("whoever speaks to the firm's own servers has its authorities, Alertmanager in Go's words", () => {
  for (const [name, variable] of Object.entries({
    relay: "NODE_EXTRA_CA_CERTS",
    exporter: "NODE_EXTRA_CA_CERTS",
    alertmanager: "SSL_CERT_FILE",
  })) {
    const { environment, volumes } = compose.services[name] as Service;
    assert.equal(environment[variable], `\${NODE_EXTRA_CA_CERTS:+/authorities.pem}`, name);
    const mounted = volumes.filter((volume) => typeof volume === "object");
    assert.deepEqual(
      mounted.map(({ source, target, read_only }) => [source, target, read_only]),
      [[`\${NODE_EXTRA_CA_CERTS:-/dev/null}`, "/authorities.pem", true]],
      name,
    );
  }
});

test("the relay's port is not published", () => {
  assert.equal(compose.services.relay?.ports, undefined);
});

test("images are pinned to the versions that a native stack downloads, and can be replaced", () => {
  const example = readFileSync(join(PROJECT, ".env.example"), "utf8");
  const images = {
    PROMETHEUS_IMAGE: `prom/prometheus:v${VERSIONS.prometheus}`,
    ALERTMANAGER_IMAGE: `prom/alertmanager:v${VERSIONS.alertmanager}`,
    GRAFANA_IMAGE: `grafana/grafana:${VERSIONS.grafana}`,
    NODE_IMAGE: "node:26-slim",
  };
  for (const [variable, image] of Object.entries(images)) {
    assert.ok(text.includes(`\${${variable}:-${image}}`), `${variable} in docker-compose.yml`);
    assert.ok(example.includes(`# ${variable}=${image}\n`), `${variable} in .env.example`);
  }
});

test("the image takes npm's packages from the registry that npm itself is told of, before it takes any", () => {
  const { args } = (parse(text, { merge: true }).services.init as { build: { args: object } }).build;
  assert.deepEqual(args, {
    NODE_IMAGE: `\${NODE_IMAGE:-node:26-slim}`,
    npm_config_registry: `\${npm_config_registry:-}`,
  });
  const dockerfile = readFileSync(join(PROJECT, "Dockerfile"), "utf8");
  assert.match(dockerfile, /^FROM .*^ARG npm_config_registry$.*^RUN npm ci /ms);
  // Nothing else of the image comes from outside.
  assert.deepEqual(dockerfile.match(/apt|apk|curl|wget|https?:/g), null);
});

test("Node runs the services with the same flags in a container, natively and in the foreground", () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  const flags = serviceFlags(".").join(" ");
  for (const [name, entry] of Object.entries({
    exporter: "exporter/main.ts",
    relay: "alertmanager/relay/main.ts",
  })) {
    const command = compose.services[name]?.command?.join(" ").replace("./service", "service");
    assert.equal(command, `node ${flags} ${entry}`);
    assert.equal(
      scripts[name].replace("./service", "service"),
      `node --env-file-if-exists=.env ${flags} ${entry}`,
    );
  }
});

test("Grafana has the same settings in a container and without", () => {
  const environment = compose.services.grafana?.environment ?? {};
  for (const [name, value] of Object.entries(GRAFANA_SETTINGS)) assert.equal(environment[name], value, name);
});

test("a container is made anew for what it reads at its start, and not for a threshold", () => {
  const config = testConfig();
  const labels = (changes: Partial<typeof config>, env = {}) =>
    composeEnv(PROJECT, { config: { ...config, ...changes }, configText: "", env });
  const before = labels({});
  const changed = (after: typeof before) =>
    Object.keys(before).filter((name) => name.endsWith("_HASH") && after[name] !== before[name]);
  assert.deepEqual(changed(labels({ backup: { keep: 7, hour: 3 } })), ["BACKUP_CONFIGURATION_HASH"]);
  assert.deepEqual(changed(labels({ thresholds: { ...config.thresholds, cpu: 70 } })), []);
  assert.deepEqual(changed(labels({ retentionDays: 30 })), ["RELAY_CONFIGURATION_HASH"]);
  assert.deepEqual(changed(labels({}, { EXPORTER_TOKEN: "new" })), ["EXPORTER_CONFIGURATION_HASH"]);
  // Both services know it: the exporter's page sends test messages.
  assert.deepEqual(changed(labels({}, { RELAY_TOKEN: "new" })), [
    "EXPORTER_CONFIGURATION_HASH",
    "RELAY_CONFIGURATION_HASH",
  ]);
  for (const name of Object.keys(before).filter((name) => name.endsWith("_HASH"))) {
    assert.ok(text.includes(`labels: { configuration: "\${${name}:-}" }`), name);
  }
});
