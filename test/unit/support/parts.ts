import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Env } from "../../../config/environment.ts";
import { type PartName, readPorts } from "../../../scripts/stack/addresses.ts";
import { createParts, type PartsOptions } from "../../../scripts/stack/parts.ts";
import { PROJECT, statePaths } from "../../../scripts/stack/project.ts";
import { testConfig } from "./exporter.ts";
import { temporaryFolder } from "./folder.ts";

export const ENV: Env = { PATH: "/bin", LOG_LEVEL: "info", GRAFANA_ADMIN_PASSWORD: "first" };

/** Of a native stack whose servers are all there, in a folder of its own. */
export function settings(t: TestContext): PartsOptions {
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
  };
}

export function find(options: PartsOptions, name: PartName) {
  const part = createParts(options).find((candidate) => candidate.name === name);
  assert.ok(part, name);
  return part;
}
