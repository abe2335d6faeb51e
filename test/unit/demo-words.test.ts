import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../config/config.ts";
import { type ClosingParts, closing } from "../../scripts/demo/closing.ts";
import { type OpeningParts, opening } from "../../scripts/demo/opening.ts";
import { createScenes, duration } from "../../scripts/demo/scenes.ts";
import { NOTHING } from "../../scripts/demo/totals.ts";
import type { Track } from "../../scripts/demo/watch.ts";
import type { Settings } from "../../scripts/stack/settings.ts";
import { NOON, planned, TIMING } from "./support/demo.ts";

const { plan, timetable } = planned();
const time = (at: number) => new Date(at + 8 * 3600_000).toISOString().slice(11, 19);
const COUNTED = { ...NOTHING, today: 0, yesterday: 0 };

test("the beginning: how long, what is written, who is told, where to look", () => {
  assert.deepEqual(begin(), [
    "演示：法律客服的一天，压缩成约 15 分钟，12:04:16 起会出一次事故。",
    "",
    "  将写入  消息 690 条（其中出错 35 条），咨询 172 件，案例 37 件，评分 79 次。计入总数，删不掉",
    "  会通知  日志（还没有设置渠道）",
    "  结束    到时自己结束；随时可以按 Ctrl-C",
    "",
    "边演示边看（Grafana 的时间范围选“最近 30 分钟”，自动刷新 10 秒）：",
    "  总览          http://g/d/wecom-overview  每类问题是否正常，正在发生的告警",
    "  业务          http://g/d/wecom-business  消息、错误、耗时、咨询、案例、满意度，今天和昨天",
    "  主机与服务    http://g/d/wecom-system    演示不影响主机，用来对照",
    "  监控系统自身  http://g/d/wecom-pipeline  告警怎样送到，用了多久",
    "  管理页面      http://e/                  没有 Grafana 也能看",
    "  Prometheus    http://p/alerts            哪条规则在观察、在告警",
    "",
  ]);
});

test("what is special is said before it begins", () => {
  const robot = { WECOM_ROBOT_KEY: "a-robot-for-tests" };
  const shows = (parts: Partial<OpeningParts>, words: RegExp) => assert.match(begin(parts).join("\n"), words);
  shows(
    { settings: settings("", robot) },
    /会通知 {2}企业微信群机器人。是真的告警消息，请先和收消息的人说一声/,
  );
  shows({ settings: settings("alert_enabled = false", robot) }, /会通知 {2}谁也不会收到/);
  shows({ settings: settings("alert_notification_channels = email", robot) }, /会通知 {2}日志/);
  shows({ earlier: ["HighCpuUsage"] }, /已有的告警，不算在演示里：HighCpuUsage/);
  shows({ plan: { ...plan, surges: false } }, /这次不演示 MessageVolumeSurge/);
  shows({ hasGrafana: false }, /Grafana 没有在运行，看不到仪表盘/);
  assert.doesNotMatch(begin({ hasGrafana: false }).join("\n"), /wecom-overview/);
});

test("the end: what fired, what did not, what goes on, and what is left", () => {
  const fired = track("HighMessageErrorRate", { resolved: NOON + 500_000, settled: false });
  const lines = end({ tracks: [fired, track("ServiceDown（demo）", {})], hasService: true });
  assert.deepEqual(lines, [
    "",
    "演示结束（12:00:00 到 12:15:00）。",
    "",
    "  HighMessageErrorRate",
    "    触发 12:01:40 → 没有通知",
    "    恢复 12:08:20 → 没有通知",
    "  ServiceDown（demo）",
    "    触发 12:01:40 → 没有通知",
    "    恢复 还没有 → 没有通知",
    "  ⚠️  没有触发：MessageVolumeSurge、SlowServiceResponse。阈值和随附的差得多时会这样",
    "  还没有恢复：ServiceDown（demo），会自己恢复（消息量的告警最晚到零点）",
    "  恢复消息还没有发完：HighMessageErrorRate，几分钟内会发",
    "",
    "留下了什么：",
    "  • 消息 5 条（其中出错 0 条），咨询 0 件，案例 0 件，评分 0 次：计入总数，删不掉；平均满意度里也有这些评分",
    "  • 已核对：采集程序的消息数正好多了这么多，现在今日 3 条，昨日 2 条，共 5 条",
    "  • 告警历史里的 2 条告警，和已经发出的消息",
    "  • Prometheus 里这段时间的曲线，都保留 90 天",
    "  • [services] 里的 demo 现在没有程序应答，约 1 分钟后会有 ServiceDown：请删掉那一行，执行 npm run apply",
    "  • 想从零开始正式使用：见使用指南第 3.8 节",
  ]);
});

test("what others reported meanwhile is not the demo's, and what cannot be seen is not vouched for", () => {
  const after = { ...COUNTED, messages: 9, today: 9 };
  assert.match(end({ after }).join("\n"), /其中 4 条是这期间别处报来的/);
  assert.match(end({ after: undefined }).join("\n"), /没能核对总数/);
});

test("a surge that cannot be shown is not announced", () => {
  const texts = (surges: boolean) =>
    createScenes({ timetable, timing: TIMING, plan: { ...plan, surges }, hasService: false }).map(
      ({ text }) => text,
    );
  assert.match(texts(true).join("\n"), /应触发 MessageVolumeSurge（持续 1 分钟后告警）/);
  assert.doesNotMatch(texts(false).join("\n"), /MessageVolumeSurge/);
  assert.deepEqual([2, 60, 90, 180].map(duration), ["2 秒", "1 分钟", "1.5 分钟", "3 分钟"]);
});

function begin(parts: Partial<OpeningParts> = {}): string[] {
  const pages = {
    exporter: "http://e",
    prometheus: "http://p",
    alertmanager: "http://a",
    grafana: "http://g",
  };
  return opening({
    ...{ settings: settings(), pages, hasGrafana: true, plan, timetable, start: NOON, time, earlier: [] },
    ...parts,
  });
}

function end({ tracks = [], ...parts }: Partial<ClosingParts> & { tracks?: Track[] }): string[] {
  return closing({
    ...{
      settings: settings(),
      plan,
      before: COUNTED,
      start: NOON,
      end: NOON + 900_000,
      time,
      hasService: false,
    },
    watch: { tracks, before: [], look: () => [] },
    after: { ...COUNTED, messages: 5, today: 3, yesterday: 2 },
    added: { ...NOTHING, messages: 5 },
    ...parts,
  });
}

function track(name: string, parts: Partial<Track>): Track {
  const common = { key: name, summary: name, activeAt: NOON, resolved: undefined, told: [], settled: false };
  return { ...common, name, fired: NOON + 100_000, ...parts };
}

function settings(line = "", env: Record<string, string> = {}): Settings {
  const configText = `[monitoring]\n${line}\n`;
  return { config: parseConfig(configText, "config.ini"), configText, env };
}
