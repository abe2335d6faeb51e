import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";
import { requireTool } from "../helpers/servers.ts";

const FILE = join(PROJECT, "alertmanager/alertmanager.yml");

interface Routing {
  route: { routes: { receiver: string; group_interval?: string; repeat_interval?: string }[] };
  inhibit_rules: { source_matchers: string[]; target_matchers: string[]; equal: string[] }[];
  receivers: {
    name: string;
    webhook_configs: { url: string; send_resolved: boolean; max_alerts: number }[];
  }[];
}

const { route, inhibit_rules, receivers } = parse(readFileSync(FILE, "utf8")) as Routing;

for (const [labels, receiver] of [
  ["alertname=Watchdog severity=info", "watchdog"],
  ["alertname=ServiceDown severity=critical service=a", "relay"],
  ["alertname=HighCpuUsage severity=warning", "relay"],
  ["alertname=Unknown", "relay"],
] as const) {
  test(`${labels} goes to ${receiver}`, async () => {
    const amtool = await requireTool("alertmanager");
    const output = await run(amtool, [
      "config",
      "routes",
      "test",
      `--config.file=${FILE}`,
      ...labels.split(" "),
    ]);
    assert.equal(output.trim(), receiver);
  });
}

test("every alert is handed over whole, its end included", () => {
  const webhooks = receivers.map(({ name, webhook_configs: [webhook] }) => ({ name, ...webhook }));
  assert.deepEqual(webhooks, [
    { name: "relay", url: "http://localhost:8002/alerts", send_resolved: true, max_alerts: 0 },
    { name: "watchdog", url: "http://localhost:8002/watchdog", send_resolved: true, max_alerts: 0 },
  ]);
});

test("the watchdog comes every minute: its repeats are shorter than its groups' interval", () => {
  const watchdog = route.routes.find(({ receiver }) => receiver === "watchdog");
  assert.deepEqual([watchdog?.group_interval, watchdog?.repeat_interval], ["1m", "30s"]);
});

test("a service that is down is not told as slow too, but other services are", () => {
  assert.deepEqual(inhibit_rules, [
    {
      source_matchers: ['alertname = "ServiceDown"'],
      target_matchers: ['alertname = "SlowServiceResponse"'],
      equal: ["instance", "service"],
    },
  ]);
});
