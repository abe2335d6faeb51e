import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readCounted } from "../../scripts/demo/totals.ts";
import { eventually } from "../helpers/eventually.ts";
import { allPanelQueries, type PanelQuery } from "../helpers/panel-queries.ts";
import { freePorts } from "../helpers/ports.ts";
import type { CommandResult, TestStack } from "../helpers/stack.ts";
import { type Story, startStory } from "../helpers/story.ts";
import type { WecomServer } from "../helpers/wecom-server.ts";

/** What it makes fire, and how people know it. */
const ALERTS = {
  HighMessageErrorRate: "消息处理错误率过高",
  MessageVolumeSurge: "今日消息量异常增长",
  "SlowServiceResponse（demo）": "服务 demo 响应缓慢",
  "ServiceDown（demo）": "服务 demo 无法访问",
};

let story: Story;
let wecom: WecomServer;
let stack: TestStack;
/** Seconds since the epoch. */
let begun: number;
let shown: CommandResult;

before(async () => {
  const [port] = await freePorts(1);
  story = await startStory({}, (text) =>
    text
      .replace("collect_interval = 15", "collect_interval = 1")
      .replace("alert_threshold_response_time = 5", "alert_threshold_response_time = 0.5")
      // It refuses to begin shortly before midnight, and tests run at any hour.
      .replace("timezone = Asia/Shanghai", `timezone = ${whereItIsNoon()}`)
      .concat(`demo = http://127.0.0.1:${port}/health\n`),
  );
  ({ stack, wecom } = story);
  await eventually("the counters at 0 in Prometheus", async () => {
    const [series] = await query({ expr: "wecom_messages_total", instant: true });
    return series?.value?.[1] === "0";
  });
  begun = Date.now() / 1000;
  shown = await stack.demo(["--minutes", "1"]);
});

after(() => story.end());

test("every alert fires, is told and resolves, and the demo says when", () => {
  const { code, output } = shown;
  assert.equal(code, 0, output);
  for (const [name, words] of Object.entries(ALERTS)) {
    const steps = [`🔴 ${name} 告警：${words}`, `📨 ${name} 的告警已发到企业微信群机器人`, `🟢 ${name} 恢复`];
    const places = [...steps, `📨 ${name} 的恢复已发到企业微信群机器人`].map((step) => output.indexOf(step));
    assert.ok(
      places.every((place) => place > 0),
      `${name}: ${places}\n${output}`,
    );
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      output,
    );
    const told = wecom.messages.flatMap(({ content }) => content.split("\n\n"));
    for (const mark of ["🔴|🟠|🟡|⚠️", "✅"]) {
      assert.ok(
        told.some((text) => new RegExp(`^(${mark}).*${words}`).test(text)),
        `${mark} ${words}\n${told.join("\n")}`,
      );
    }
  }
  const [, summary = ""] = output.split("演示结束（");
  const when = String.raw`\d\d:\d\d:\d\d`;
  for (const name of Object.keys(ALERTS)) {
    const line = (what: string) => `    ${what} ${when} → 企业微信群机器人 ${when}\n`;
    assert.match(summary, new RegExp(`  ${name}\n${line("触发")}${line("恢复")}`));
  }
  assert.doesNotMatch(summary, /没有触发|还没有/);
});

test("what it names is what the exporter has counted", async () => {
  const { today, yesterday, ...totals } = await counted();
  assert.deepEqual(named(shown.output), totals);
  assert.equal(today + yesterday, totals.messages);
  assert.ok(yesterday >= 240 && today > yesterday, `${today} ${yesterday}`);
  assert.match(
    shown.output,
    new RegExp(`已核对：.*现在今日 ${today} 条，昨日 ${yesterday} 条，共 ${totals.messages} 条`),
  );
});

test("every query of every dashboard has an answer, and it is not empty", async () => {
  const queries = allPanelQueries({ rateInterval: "2s", interval: "1s", range: "2m" });
  assert.ok(queries.length > 10);
  const empty: string[] = [];
  for (const panelQuery of queries) {
    const { dashboard, panel, refId, subject, instant, emptyBecause } = panelQuery;
    const result = await query({ expr: subject, instant });
    const points = result.flatMap(({ value, values = [] }) => [...(value ? [value] : []), ...values]);
    const isEmpty = points.every(([, value]) => value === "NaN");
    if (isEmpty && emptyBecause === undefined) empty.push(`${dashboard}, ${panel}, ${refId}: ${subject}`);
  }
  assert.deepEqual(empty, []);
});

test("once more: not without a word where messages have been counted; interrupted, it says what it has added", async () => {
  const earlier = await counted();
  const refused = await stack.demo(["--minutes", "1"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.output,
    new RegExp(`已有 ${earlier.messages} 条消息，演示没有开始[\\s\\S]*npm run demo -- --yes`),
  );
  assert.deepEqual(await counted(), earlier);

  const interrupted = await stack.demo(["--minutes", "1", "--yes"], "📅");
  assert.equal(interrupted.code, 130, interrupted.output);
  assert.match(
    interrupted.output,
    /已中断。已写入：消息 [1-9]\d* 条.*删不掉。正在发生的告警过几分钟会自己恢复/,
  );
  const added = named(interrupted.output);
  const later = await counted();
  for (const name of ["messages", "errors", "consultations", "cases", "scores"] as const) {
    assert.equal(later[name] - earlier[name], added[name], name);
  }
});

async function counted() {
  const found = readCounted(await (await fetch(`${stack.urls.exporter}/metrics`)).text());
  assert.ok(found);
  return found;
}

/** What the operator was told is written. */
function named(output: string) {
  const words =
    /(?:已写入：|• )消息 (\d+) 条（其中出错 (\d+) 条），咨询 (\d+) 件，案例 (\d+) 件，评分 (\d+) 次[。：]/.exec(
      output,
    );
  const [messages, errors, consultations, cases, scores] = (words ?? []).slice(1).map(Number);
  return { messages, errors, consultations, cases, scores } as Record<
    "messages" | "errors" | "consultations" | "cases" | "scores",
    number
  >;
}

interface Series {
  metric: Record<string, string>;
  value?: Point;
  values?: Point[];
}

type Point = [time: number, value: string];

/** As Grafana asks: for now, or for the time of the demo. */
async function query({ expr, instant }: Pick<PanelQuery, "expr" | "instant">): Promise<Series[]> {
  const range = { start: String(begun), end: String(Date.now() / 1000), step: "1" };
  const parameters = new URLSearchParams({ query: expr, ...(instant ? {} : range) });
  const path = instant ? "query" : "query_range";
  const response = await fetch(`${stack.urls.prometheus}/api/v1/${path}?${parameters}`);
  const answer = (await response.json()) as { status: string; error?: string; data: { result: Series[] } };
  assert.equal(answer.status, "success", `${expr}: ${answer.error}`);
  return answer.data.result;
}

/** A zone in which it is between 12 and 13 o'clock; its name has the sign of POSIX, against all others. */
function whereItIsNoon(): string {
  const ahead = 12 - new Date().getUTCHours();
  return `Etc/GMT${ahead >= 0 ? "-" : "+"}${Math.abs(ahead)}`;
}
