import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ask } from "./support/ask.ts";
import { READS, SERVICES, startService, WRITES } from "./support/services.ts";

const PUBLIC = {
  PUBLIC_EXPORTER_URL: "https://monitor.example.com/",
  PUBLIC_GRAFANA_URL: "http://grafana.example.com",
};

/** Names that their owner can make lead to this machine. */
const REBOUND = [
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "EVIL.example.",
  "monitor.example.com.evil.example",
  "evil.example/localhost",
  "localhost@evil.example",
];

/** Nobody's to rebind: addresses, other parts in their containers, and what the operator has named. */
const OWN = [
  ...["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "192.168.1.5", "[fd00::5]"],
  ...[
    "exporter",
    "relay",
    "monitoring-host",
    "host.docker.internal",
    "exporter.monitoring.svc.cluster.local",
  ],
  ...["monitor.example.com", "grafana.example.com"],
];

for (const name of SERVICES) {
  suite(`the ${name}`, () => {
    test("tells nothing, and takes nothing, under a name that was made to lead to it", async (t) => {
      const { url } = await startService(t, name, PUBLIC);
      const { port } = new URL(url);
      for (const host of REBOUND.map((rebound) => `${rebound}:${port}`)) {
        const headers = { Host: host, Origin: `http://${host}` };
        for (const path of READS[name]) {
          const answer = await ask(url, { path, headers });
          assert.equal(answer.status, 421, `${host}${path}`);
          assert.match(answer.body, /PUBLIC_EXPORTER_URL/);
        }
        for (const [path, body] of Object.entries(WRITES[name])) {
          const { status } = await ask(url, { method: "POST", path, headers, body });
          assert.equal(status, 421, `${host}${path}`);
        }
      }
    });

    test("answers under an address, a name without a dot or a private one, and those that the operator names", async (t) => {
      const { url } = await startService(t, name, PUBLIC);
      const { port } = new URL(url);
      for (const host of OWN.flatMap((own) => [own, `${own}:${port}`])) {
        const { status } = await ask(url, { path: "/metrics", headers: { Host: host } });
        assert.equal(status, 200, host);
      }
    });
  });
}
