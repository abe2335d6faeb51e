import assert from "node:assert/strict";
import { test } from "node:test";
import { type ActiveAlert, createWatch, type HistoryRow, type Watch } from "../../scripts/demo/watch.ts";
import { describeChange, describeTracks } from "../../scripts/demo/words.ts";

const BEGIN = Date.parse("2026-02-12T04:00:00Z");
const at = (seconds: number) => new Date(BEGIN + seconds * 1000).toISOString();
const time = (moment: number) => new Date(moment).toISOString().slice(11, 19);

const surge = { alertname: "MessageVolumeSurge", instance: "a:1" };
const down = { alertname: "ServiceDown", service: "demo", instance: "a:1" };

test("an alert's life: observed, fires, is told, ends, its end is told", () => {
  const watch = createWatch({ active: [], history: [] });
  assert.deepEqual(look(watch, 5, [active(surge, "pending", 4)]), ["🟡 MessageVolumeSurge 超过阈值，观察中"]);
  assert.deepEqual(look(watch, 6, [active(surge, "pending", 4)]), []);
  const firing = active(surge, "firing", 4);
  assert.deepEqual(look(watch, 64, [firing]), ["🔴 MessageVolumeSurge 告警：标题"]);
  const told = row(surge, "firing", 64, [sent("wecom", "firing", 95), pending("email")]);
  assert.deepEqual(look(watch, 96, [firing], [told]), ["📨 MessageVolumeSurge 的告警已发到企业微信群机器人"]);
  assert.deepEqual(look(watch, 97, [firing], [told]), []);
  assert.deepEqual(look(watch, 300, [], [told]), ["🟢 MessageVolumeSurge 恢复"]);
  assert.equal(watch.tracks[0]?.settled, false);
  const over = row(surge, "resolved", 64, [
    ...[sent("wecom", "firing", 95), failed("email", "firing", 120)],
    ...[sent("wecom", "resolved", 330), sent("email", "resolved", 331)],
  ]);
  assert.deepEqual(look(watch, 340, [], [over]), [
    "❌ MessageVolumeSurge 的告警没能发到邮件，原因见告警历史",
    "📨 MessageVolumeSurge 的恢复已发到企业微信群机器人",
    "📨 MessageVolumeSurge 的恢复已发到邮件",
  ]);
  assert.equal(watch.tracks[0]?.settled, true);
  assert.deepEqual(describeTracks(watch.tracks, time), [
    "MessageVolumeSurge",
    "  触发 04:01:04 → 企业微信群机器人 04:01:35，邮件 没能送到",
    "  恢复 04:05:00 → 企业微信群机器人 04:05:30，邮件 04:05:31",
  ]);
});

test("what was there before is none of the demo's until it has ended", () => {
  const earlier = active(down, "firing", -600);
  const watch = createWatch({ active: [earlier], history: [] });
  assert.deepEqual(watch.before, ["ServiceDown（demo）"]);
  const old = row(down, "firing", -600, [sent("wecom", "firing", -590)]);
  assert.deepEqual(look(watch, 5, [earlier], [old]), []);
  assert.deepEqual(look(watch, 200, [], [old]), []);
  const again = active(down, "firing", 300);
  const rows = [row(down, "firing", 360, [sent("wecom", "firing", 366)]), old];
  assert.deepEqual(look(watch, 361, [again], rows), [
    "🟡 ServiceDown（demo） 超过阈值，观察中",
    "🔴 ServiceDown（demo） 告警：标题",
    "📨 ServiceDown（demo） 的告警已发到企业微信群机器人",
  ]);
  assert.equal(watch.tracks.length, 1);
});

test("what only was observed leaves nothing, and what fires twice is told twice", () => {
  const watch = createWatch({ active: [], history: [] });
  look(watch, 1, [active(down, "pending", 1)]);
  assert.deepEqual(look(watch, 20, []), ["⚪ ServiceDown（demo） 回到阈值以内，没有告警"]);
  assert.deepEqual(watch.tracks, []);
  look(watch, 30, [active(down, "firing", 25)]);
  look(watch, 40, []);
  look(watch, 60, [active(down, "firing", 55)]);
  assert.deepEqual(
    watch.tracks.map(({ fired, resolved }) =>
      [fired, resolved].map((moment) => moment && (moment - BEGIN) / 1000),
    ),
    [
      [30, 40],
      [60, undefined],
    ],
  );
});

test("an alert nobody is to be told of has ended once the history says so", () => {
  const watch = createWatch({ active: [], history: [] });
  look(watch, 1, [active(down, "firing", 1)]);
  look(watch, 9, [], [row(down, "firing", 1, [])]);
  assert.equal(watch.tracks[0]?.settled, false);
  look(watch, 10, [], [row(down, "resolved", 1, [])]);
  assert.equal(watch.tracks[0]?.settled, true);
});

function look(watch: Watch, seconds: number, active: ActiveAlert[], history: HistoryRow[] = []): string[] {
  return watch.look({ active, history }, BEGIN + seconds * 1000).map(describeChange);
}

function active(labels: Record<string, string>, state: "pending" | "firing", since: number): ActiveAlert {
  return { labels, annotations: { summary: "标题" }, state, activeAt: at(since) };
}

function row(
  labels: Record<string, string>,
  status: string,
  since: number,
  notifications: HistoryRow["notifications"],
): HistoryRow {
  return { labels, status, startsAt: at(since), notifications };
}

const sent = (channel: string, status: string, seconds: number) => ended(channel, status, "sent", seconds);
const failed = (channel: string, status: string, seconds: number) =>
  ended(channel, status, "failed", seconds);
const pending = (channel: string) => ({ channel, status: "firing", state: "pending", finishedAt: null });

function ended(channel: string, status: string, state: string, seconds: number) {
  return { channel, status, state, finishedAt: at(seconds) };
}
