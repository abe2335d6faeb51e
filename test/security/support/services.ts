import type { TestContext } from "node:test";
import { createExporterProcess } from "../../helpers/exporter-process.ts";
import { createRelayProcess } from "../../helpers/relay-process.ts";
import type { ServiceProcess } from "../../helpers/service-process.ts";

export type ServiceName = "exporter" | "relay";

/** Every route that changes something, and a body that it takes. */
export const WRITES: Record<ServiceName, Record<string, string>> = {
  exporter: {
    "/events": '{"type":"case"}',
    "/api/monitoring/stop": "",
    "/api/monitoring/start": "",
    // Hands it on to the relay, which is not there.
    "/api/test": "",
  },
  relay: {
    "/alerts": '{"version":"4","alerts":[]}',
    "/watchdog": '{"version":"4","alerts":[]}',
    "/api/test": "",
  },
};

/** Every route that says something; test/security/threat-model.test.ts holds both lists to the routes there are. */
export const READS: Record<ServiceName, string[]> = {
  exporter: [
    ...["/", "/runbooks/ServiceDown", "/assets/none/none", "/metrics", "/-/healthy", "/-/ready"],
    ...["/api/status", "/api/monitoring", "/api/alerts", "/api/dashboard"],
  ],
  relay: ["/metrics", "/api/alerts", "/api/notifications", "/api/channels", "/-/healthy", "/-/ready"],
};

/** What they answer where it is not 200: no other part runs, and nothing has this name. */
export const ANSWERS: Record<string, number> = {
  "exporter/api/alerts": 502,
  "exporter/api/dashboard": 502,
  "exporter/assets/none/none": 404,
};

export const SERVICES = ["exporter", "relay"] as const;

/** A real process on loopback, ended with the test. */
export async function startService(
  t: Pick<TestContext, "after">,
  name: ServiceName,
  env: Record<string, string> = {},
): Promise<ServiceProcess> {
  const service = await (name === "exporter"
    ? createExporterProcess("", { RELAY_URL: "http://127.0.0.1:1", ...env })
    : createRelayProcess(env));
  t.after(() => service.remove());
  await service.start();
  return service;
}
