import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";
import { serve } from "../../service/http.ts";
import { quicker } from "../helpers/accelerate.ts";
import { type ShownAlert, startAlertmanager, type TestAlertmanager } from "../helpers/alertmanager.ts";
import { eventually } from "../helpers/eventually.ts";
import { readRules } from "../helpers/rules.ts";

const COMMITTED = readFileSync(join(PROJECT, "alertmanager/alertmanager.yml"), "utf8");

type Labels = Record<string, string>;

const JOB = "wecom_legal_service";
const of = (alertname: string, severity: string, labels: Labels = {}): Labels => ({
  alertname,
  severity,
  job: JOB,
  instance: "a:8001",
  ...labels,
});

const exporterDown = of("ExporterDown", "critical");
const noExporter: Labels = { alertname: "ExporterDown", severity: "critical", job: JOB };
const monitoringStopped = of("MonitoringStopped", "warning");
const cpu = of("HighCpuUsage", "warning");
const disk = of("HighDiskUsage", "warning", { mountpoint: "/", device: "/dev/sda1", fstype: "ext4" });
const serviceDown = of("ServiceDown", "critical", { service: "官网" });
const slow = of("SlowServiceResponse", "warning", { service: "官网" });
const errors = of("HighMessageErrorRate", "critical");
const surge = of("MessageVolumeSurge", "warning");
const eventsFailing = of("CollectorFailing", "critical", { collector: "events" });
const diskFailing = of("CollectorFailing", "warning", { collector: "disk" });
const relayDown: Labels = { alertname: "RelayDown", severity: "critical", job: "relay", instance: "r:8002" };
const handOver: Labels = {
  alertname: "NotificationsFailing",
  severity: "critical",
  job: "alertmanager",
  instance: "am:9093",
  integration: "webhook",
  channel: "alertmanager",
};
const refused: Labels = {
  alertname: "NotificationsFailing",
  severity: "critical",
  job: "relay",
  instance: "r:8002",
  channel: "wecom",
  reason: "setup",
};
const watchdog: Labels = { alertname: "Watchdog", severity: "info" };

/** What each test starts with: nothing that it says can be left over from another. */
async function withAlerts<Result>(labels: Labels[], look: (am: TestAlertmanager) => Promise<Result>) {
  const alertmanager = await startAlertmanager(COMMITTED);
  try {
    await alertmanager.fire(...labels);
    return await look(alertmanager);
  } finally {
    await alertmanager.stop();
  }
}

function assertMuted(shown: ShownAlert[], count: number, muted: Labels[]): void {
  assert.equal(shown.length, count);
  const suppressed = shown.filter(({ status }) => status.inhibitedBy.length > 0);
  const sorted = (list: Labels[]) =>
    list.map((labels) => JSON.stringify(Object.entries(labels).sort())).sort();
  assert.deepEqual(sorted(suppressed.map(({ labels }) => labels)), sorted(muted));
}

suite("routes", () => {
  for (const [labels, receivers] of [
    [watchdog, ["watchdog"]],
    [relayDown, ["fallback"]],
    [handOver, ["fallback"]],
    [refused, ["relay"]],
    [serviceDown, ["relay"]],
    [cpu, ["relay"]],
    [surge, ["relay"]],
    [{ alertname: "Unknown" }, ["relay"]],
  ] as const) {
    test(`${labels.alertname} of ${"job" in labels ? labels.job : "nobody"} goes to ${receivers}`, async () => {
      const shown = await withAlerts([labels], (alertmanager) => alertmanager.alerts());
      assert.deepEqual(
        shown.map((alert) => alert.receivers.map(({ name }) => name)),
        [receivers],
      );
    });
  }

  test("every alert is handed over whole, its end included", () => {
    const { receivers } = parse(COMMITTED) as {
      receivers: {
        name: string;
        webhook_configs: { url: string; send_resolved: boolean; max_alerts: number }[];
      }[];
    };
    const whole = { send_resolved: true, max_alerts: 0 };
    assert.deepEqual(
      receivers.map(({ name, webhook_configs }) => ({ name, webhook_configs })),
      [
        { name: "relay", webhook_configs: [{ url: "http://localhost:8002/alerts", ...whole }] },
        { name: "watchdog", webhook_configs: [{ url: "http://localhost:8002/watchdog", ...whole }] },
        { name: "fallback", webhook_configs: [{ url: "http://localhost:8002/alerts", ...whole }] },
      ],
    );
  });
});

test("what stopped collecting mutes is every alert on what collectors measure", () => {
  const { inhibit_rules } = parse(COMMITTED) as {
    inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
  };
  const rule = inhibit_rules.find(({ source_matchers }) =>
    /"MonitoringStopped"/.test(source_matchers[0] ?? ""),
  );
  const muted = /alertname =~ "([^"]+)"/
    .exec(rule?.target_matchers[0] ?? "")?.[1]
    ?.split("|")
    .sort();
  const measured = ["host.yml", "services.yml"].flatMap(readRules).flatMap(({ alert }) => alert ?? []);
  assert.deepEqual(muted, [...new Set([...measured, "CollectorFailing"])].sort());
});

suite("inhibition", () => {
  for (const { name, firing, muted } of [
    { name: "a service that is down is not told as slow too", firing: [serviceDown, slow], muted: [slow] },
    {
      name: "another service is, and the same name on another host",
      firing: [serviceDown, { ...slow, service: "b" }, { ...slow, instance: "b:8001" }],
      muted: [],
    },
    {
      name: "without its exporter all that it alone can know is muted, whatever its severity",
      firing: [exporterDown, cpu, disk, serviceDown, slow, errors, surge, eventsFailing, monitoringStopped],
      muted: [cpu, disk, serviceDown, slow, errors, surge, eventsFailing, monitoringStopped],
    },
    {
      name: "another host's exporter still knows, and so do the other parts",
      firing: [exporterDown, { ...cpu, instance: "b:8001" }, refused, relayDown, handOver],
      muted: [handOver],
    },
    {
      name: "with no exporter left in the targets, all of them are muted",
      firing: [noExporter, cpu, { ...errors, instance: "b:8001" }, refused],
      muted: [cpu, { ...errors, instance: "b:8001" }],
    },
    {
      name: "one exporter that is down does not mute that another is",
      firing: [exporterDown, { ...exporterDown, instance: "b:8001" }],
      muted: [],
    },
    {
      name: "while collecting is stopped host and services are muted; business events go on",
      firing: [monitoringStopped, cpu, disk, serviceDown, slow, diskFailing, errors, surge, eventsFailing],
      muted: [cpu, disk, serviceDown, slow, diskFailing],
    },
    {
      name: "it is muted on that host alone",
      firing: [monitoringStopped, { ...cpu, instance: "b:8001" }],
      muted: [],
    },
    {
      name: "while the relay is down, that nothing can be handed over to it is no news; that mail fails is",
      firing: [relayDown, handOver, { ...handOver, integration: "email" }, refused],
      muted: [handOver],
    },
    {
      name: "critical mutes the warning of the very same thing",
      firing: [{ ...disk, severity: "critical" }, disk],
      muted: [disk],
    },
    {
      name: "and of nothing else: another disk, another host, another alert, another collector",
      firing: [
        { ...disk, severity: "critical" },
        { ...disk, mountpoint: "/data", device: "/dev/sdb1" },
        { ...disk, instance: "b:8001" },
        cpu,
        eventsFailing,
        diskFailing,
      ],
      muted: [],
    },
    {
      name: "alerts that miss every label do not mute each other",
      firing: [
        { alertname: "ServiceDown", severity: "critical" },
        { alertname: "SlowServiceResponse", severity: "warning" },
        { alertname: "MonitoringStopped", severity: "warning" },
        { alertname: "HighCpuUsage", severity: "warning" },
      ],
      muted: [],
    },
    {
      name: "nothing mutes the watchdog",
      firing: [watchdog, exporterDown, noExporter, relayDown],
      muted: [],
    },
  ]) {
    test(name, async () => {
      await withAlerts(firing, (alertmanager) =>
        // It hears of alerts one after the other, and what mutes another may come last.
        eventually(
          "what is muted",
          async () => {
            assertMuted(await alertmanager.alerts(), firing.length, muted);
            return true;
          },
          5,
        ),
      );
    });
  }
});

/** Three hours are a second. */
const FACTOR = 10_800;

suite("times, 10,800 times faster", () => {
  let alertmanager: TestAlertmanager;
  let server: Awaited<ReturnType<typeof serve>>;
  const told: { alertname: string; at: number }[] = [];
  const times = (alertname: string) => told.filter((one) => one.alertname === alertname).length;
  const begun = performance.now();

  before(async () => {
    server = await serve(
      async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: { labels: Labels }[] };
        for (const { labels } of alerts)
          told.push({ alertname: labels.alertname ?? "", at: performance.now() - begun });
        response.end();
      },
      "127.0.0.1",
      0,
    );
    alertmanager = await startAlertmanager(
      quicker(COMMITTED, FACTOR).replaceAll("http://localhost:8002", server.url),
    );
  });

  after(async () => {
    await alertmanager.stop();
    await server.close();
  });

  test("critical is repeated each hour, a warning each 12 hours, a surge once a day", async () => {
    await alertmanager.fire(serviceDown, cpu, surge, relayDown);
    await eventually("the fourth telling", () => times("ServiceDown") >= 4 && times("RelayDown") >= 4);
    assert.deepEqual([times("HighCpuUsage"), times("MessageVolumeSurge")], [1, 1]);
    await eventually("the second telling of a warning", () => times("HighCpuUsage") >= 2);
    const [first = 0, second = 0] = told
      .filter(({ alertname }) => alertname === "HighCpuUsage")
      .map(({ at }) => at);
    assert.ok(second - first > 3900, `${second - first} ms`);
    assert.equal(times("MessageVolumeSurge"), 1);
  });
});
