import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { EnvironmentError } from "../../config/environment.ts";
import { readPorts } from "../../scripts/stack/addresses.ts";
import { readAdminPassword } from "../../scripts/stack/admin-password.ts";
import { GENERATED_SECRETS } from "../../scripts/stack/dotenv.ts";
import { createParts } from "../../scripts/stack/parts.ts";
import { PROJECT, statePaths } from "../../scripts/stack/project.ts";
import { testConfig } from "../unit/support/exporter.ts";
import { SERVICES, startService } from "./support/services.ts";

const compose = parse(readFileSync(join(PROJECT, "docker-compose.yml"), "utf8"), { merge: true });

/** This machine, as others reach it. */
const OWN_ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

function nativeParts(env: Record<string, string>) {
  const server = { command: ["server"], tool: undefined, version: "1.0.0", origin: "", home: undefined };
  const config = testConfig({ metricsPort: 8001 });
  const parts = createParts({
    project: PROJECT,
    paths: statePaths("/state"),
    config,
    env: { GRAFANA_ADMIN_PASSWORD: "long and random", ...env },
    ports: readPorts(config, {}),
    servers: { prometheus: server, alertmanager: server, grafana: server },
  });
  return Object.fromEntries(parts.map((part) => [part.name, part]));
}

suite("Prometheus, Alertmanager and Grafana", () => {
  test("listen on loopback, also where the exporter is open to other machines", () => {
    const { prometheus, alertmanager, grafana } = nativeParts({ HOST: "0.0.0.0" });
    assert.ok(prometheus?.command.includes("--web.listen-address=127.0.0.1:9090"));
    assert.ok(alertmanager?.command.includes("--web.listen-address=127.0.0.1:9093"));
    assert.ok(alertmanager?.command.includes("--cluster.listen-address="));
    assert.equal(grafana?.env.GF_SERVER_HTTP_ADDR, "127.0.0.1");
  });

  test("in containers are published on loopback only", () => {
    for (const name of ["prometheus", "alertmanager", "grafana", "exporter"]) {
      const { ports, network_mode } = compose.services[name];
      assert.equal(network_mode, undefined, name);
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
    }
  });

  test("let no page of another origin read them: Prometheus would, by default", () => {
    const flag = "--web.cors.origin=none";
    assert.ok(nativeParts({}).prometheus?.command.includes(flag));
    assert.ok(compose.services.prometheus.command.includes(flag));
  });
});

suite("Grafana", () => {
  test("does not start without a password, nor with the one that everybody knows", () => {
    const message = (env: Record<string, string>) => {
      try {
        nativeParts(env);
      } catch (error) {
        if (error instanceof EnvironmentError) return error.message;
      }
      return undefined;
    };
    assert.match(message({ GRAFANA_ADMIN_PASSWORD: "" }) ?? "", /没有设置/);
    assert.match(message({ GRAFANA_ADMIN_PASSWORD: "admin" }) ?? "", /不能是 admin/);
    assert.throws(() => readAdminPassword({ GRAFANA_ADMIN_PASSWORD: "admin" }), EnvironmentError);
  });

  test("in a container, without any .env, has the one that init has made at random", () => {
    const { environment, depends_on } = compose.services.grafana;
    assert.ok(GENERATED_SECRETS.includes("GRAFANA_ADMIN_PASSWORD"));
    assert.equal(environment.GF_SECURITY_ADMIN_PASSWORD__FILE, "/secrets/grafana_admin_password");
    assert.equal(environment.GF_SECURITY_ADMIN_PASSWORD, undefined);
    assert.deepEqual(depends_on, { init: { condition: "service_completed_successfully" } });
  });

  test("lets nobody in without a login, and nobody make one", () => {
    for (const settings of [nativeParts({}).grafana?.env, compose.services.grafana.environment])
      assert.partialDeepStrictEqual(settings, {
        GF_AUTH_ANONYMOUS_ENABLED: "false",
        GF_USERS_ALLOW_SIGN_UP: "false",
      });
  });
});

for (const name of SERVICES) {
  test(`the ${name} cannot be reached from other machines by default`, {
    skip: OWN_ADDRESS === undefined && "this machine has no address but loopback",
  }, async (t) => {
    const { url } = await startService(t, name);
    const socket = connect(Number(new URL(url).port), OWN_ADDRESS ?? "");
    const outcome = await new Promise((resolve) => {
      socket.once("connect", () => resolve("connected"));
      socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
    socket.destroy();
    assert.equal(outcome, "ECONNREFUSED");
  });
}
