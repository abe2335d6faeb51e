import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { listChannels, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { createCollectors } from "../../exporter/collectors/index.ts";
import { channelWords, collectorTitle } from "../../exporter/words.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { testConfig } from "./support/exporter.ts";
import { readFixture } from "./support/golden.ts";

const GUIDE = join(PROJECT, "docs/guide.zh-CN.md");
const guide = readFileSync(GUIDE, "utf8");

test("the guide explains every key of config.ini", () => {
  const config = readFileSync(join(PROJECT, "config/config.ini"), "utf8");
  const keys = [...config.matchAll(/^(\w+) =/gm)].map(([, key]) => key);
  assert.ok(keys.length > 10);
  assert.deepEqual(
    keys.filter((key) => !guide.includes(`| \`${key}\` |`)),
    [],
  );
});

test("the guide explains every metric of exporter and relay", () => {
  const scrapes = ["exporter/scrape.txt", "relay/metrics.txt"].map(readFixture).join("\n");
  const metrics = [...scrapes.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  assert.ok(metrics.length > 20);
  assert.deepEqual(
    metrics.filter((name) => !new RegExp(`^\\| \`${name}\\b`, "m").test(guide)),
    [],
  );
});

test("every collector and every channel has its name in Chinese for the management page", () => {
  const collectors = createCollectors(testConfig(), "/", () => "").map(({ name }) => name);
  const channels = listChannels(readChannelSettings({}), []).map(({ name }) => name);
  assert.ok(collectors.length >= 4 && channels.length >= 3);
  const untitled = [
    ...collectors.filter((name) => collectorTitle(name) === name),
    ...channels.filter((name) => channelWords(name).title === name),
  ];
  assert.deepEqual(untitled, [], "add them to exporter/words.ts");
});

test("the guide names every alert, and each has a runbook", () => {
  const rules = join(PROJECT, "prometheus/rules");
  const alerts = readdirSync(rules)
    .flatMap(
      (name) => parse(readFileSync(join(rules, name), "utf8")).groups as { rules: { alert?: string }[] }[],
    )
    .flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []))
    .filter((alert) => alert !== "Watchdog");
  const runbooks = readdirSync(join(PROJECT, "docs/runbooks")).map((name) => name.replace(".md", ""));
  // Some have two rules of the same name, and two have none.
  const expected = new Set([...alerts, "WatchdogSilent", "BackupFailed"]);
  assert.deepEqual([...expected].sort(), runbooks.sort());
  assert.deepEqual(
    runbooks.filter((alert) => !guide.includes(`[${alert}](runbooks/${alert}.md)`)),
    [],
  );
});

test("every runbook answers the same five questions, in the same order", () => {
  const folder = join(PROJECT, "docs/runbooks");
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), "utf8");
    assert.ok(text.startsWith(`# ${name.replace(".md", "")}：`), name);
    assert.deepEqual(
      [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
      ["这条告警说明什么", "先看什么", "怎么处理", "什么时候可以静默", "怎样算恢复"],
      name,
    );
  }
});

test("what to do about the monitoring itself begins in the same words everywhere", () => {
  const folder = join(PROJECT, "docs/runbooks");
  const pipeline = readFileSync(join(PROJECT, "prometheus/rules/pipeline.yml"), "utf8");
  const own = [...pipeline.matchAll(/runbooks\/(\w+)$/gm)].map(([, alert = ""]) => alert);
  const first = [...own, "WatchdogSilent", "BackupFailed"].map(
    (alert) => /^## 怎么处理\n\n(.*?还不行，再看下面。)$/ms.exec(readRunbook(folder, alert))?.[1] ?? alert,
  );
  assert.match(first[0] ?? "", /npm run doctor/);
  assert.deepEqual([...new Set(first)], [first[0]]);
});

test("where a log is read, each of the three ways to run is told", () => {
  const folder = join(PROJECT, "docs/runbooks");
  for (const alert of readdirSync(folder).map((name) => name.replace(".md", ""))) {
    const text = readRunbook(folder, alert);
    const ways = [/\.stack\/logs\/\w+\.log/, /journalctl -u wecom-monitoring-/, /docker compose logs /];
    const told = ways.filter((way) => way.test(text)).length;
    // HighDiskUsage asks how large they are.
    if (alert !== "HighDiskUsage") assert.ok(told === 0 || told === ways.length, alert);
  }
});

test("every section that is referred to is there", () => {
  const sections = new Set([...guide.matchAll(/^##+ ([\d.]+?)\.? /gm)].map(([, number]) => number));
  const runbooks = readdirSync(join(PROJECT, "docs/runbooks")).map((name) => join("docs/runbooks", name));
  const files = ["docs/guide.zh-CN.md", "docs/nginx/monitoring.conf", ".env.example", ...runbooks];
  for (const file of files) {
    const text = readFileSync(join(PROJECT, file), "utf8");
    for (const [reference, numbers = ""] of text.matchAll(/第 ([\d.]+(?:、[\d.]+)*) 节/g)) {
      for (const number of numbers.split("、")) assert.ok(sections.has(number), `${file}: ${reference}`);
    }
  }
});

test("no link of the documentation leads nowhere", () => {
  for (const file of [GUIDE, ...["README.md", "CONTRIBUTING.md"].map((name) => join(PROJECT, name))]) {
    const targets = [...readFileSync(file, "utf8").matchAll(/\]\(((?!https?:|#)[^)#]+)/g)].map(
      ([, target = ""]) => target,
    );
    assert.ok(targets.length > 0);
    for (const target of targets) assert.ok(existsSync(join(dirname(file), target)), `${file}: ${target}`);
  }
});

function readRunbook(folder: string, alert: string): string {
  return readFileSync(join(folder, `${alert}.md`), "utf8");
}
