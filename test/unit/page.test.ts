import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Overview } from "../../exporter/overview/overview.ts";
import { AWAY, alert, CHANNEL, NOW, overview } from "./support/overview.ts";
import { business, pageOf, text } from "./support/page.ts";

const verdict = (shown: Overview) => text(shown).split("\n主机与服务\n")[0];

suite("the verdict", () => {
  test("all is right, and who would hear otherwise", () => {
    assert.equal(verdict(overview()), "一切正常\n没有告警。出了问题会通知到：企业微信群机器人。");
  });

  test("the worst first, each with what to do", () => {
    const firing = [alert("HighCpuUsage", "warning"), alert("ServiceDown", "critical")];
    const shown = verdict(overview({ alerts: { ...overview().alerts, firing }, muted: AWAY }));
    assert.match(
      shown ?? "",
      /^2 个严重问题、1 个警告\n严重\nAlertmanager 没有应答\n发现了问题也不会通知任何人。.*npm start.*\n严重\nServiceDown 发生\nServiceDown 的说明\n21:36 开始\n警告\nHighCpuUsage 发生/s,
    );
  });

  test("what is to be done about the worst stands open, if that is critical", () => {
    const remedies = (...severities: string[]) => {
      const firing = severities.map((severity) => alert("ServiceDown", severity));
      return pageOf(overview({ alerts: { ...overview().alerts, firing } })).match(/<details[^>]*>/g);
    };
    assert.deepEqual(remedies("critical", "critical"), ["<details open data-opened>", "<details >"]);
    assert.deepEqual(remedies("warning"), ["<details >"]);
  });

  test("a problem is known by its labels, though its value changes", () => {
    const idOf = (title: string, labels: object) => {
      const one = alert("HighDiskUsage", "critical", { annotations: { summary: title } });
      const firing = [{ ...one, labels: { ...one.labels, ...labels } }];
      return /id="(problem-[^"]+)"/.exec(pageOf(overview({ alerts: { ...overview().alerts, firing } })))?.[1];
    };
    assert.equal(idOf("91%", { mountpoint: "/" }), idOf("92%", { mountpoint: "/" }));
    assert.notEqual(idOf("91%", { mountpoint: "/" }), idOf("91%", { mountpoint: "/data" }));
  });

  test("what a part's own absence already says is not said twice", () => {
    const firing = [alert("RelayDown", "critical"), alert("WatchdogSilent", "critical")];
    const shown: Overview = {
      ...overview({ alerts: { ...overview().alerts, firing } }),
      telling: AWAY,
      judgement: AWAY,
    };
    assert.match(
      verdict(shown) ?? "",
      /^2 个严重问题\n严重\nPrometheus 没有应答\n.*\n严重\n告警转发 没有应答\n[^\n]*$/s,
    );
  });

  for (const [what, shown, expected] of [
    [
      "measuring is stopped",
      overview({ collecting: false }),
      /^1 个警告\n警告\n主机和服务的监控已停止\n.*启动监控/s,
    ],
    [
      "events are refused",
      overview({ isCounting: false }),
      /^1 个严重问题\n严重\n业务事件无法保存\n.*df -h/s,
    ],
    ["a collector fails", overview({ failing: ["disk"] }), /^1 个警告\n警告\n取不到数据：磁盘/],
    [
      "only Grafana is missing",
      overview({ grafana: AWAY }),
      /^没有告警，有 1 件事要留意\n留意\nGrafana 没有应答/,
    ],
    [
      "nobody is told",
      overview({ telling: { channels: [{ ...CHANNEL, setUp: false }] } }),
      /^1 个警告\n警告\n还没有设置告警渠道\n.*WECOM_ROBOT_KEY/s,
    ],
    [
      "sending is switched off",
      overview({ telling: { alertEnabled: false } }),
      /^1 个警告\n警告\n告警发送已关闭/,
    ],
    [
      "a channel refuses",
      overview({
        telling: {
          channels: [
            { ...CHANNEL, failing: true, failed: { at: NOW, reason: "setup", detail: "errcode 93000" } },
          ],
        },
      }),
      /^1 个警告\n警告\n企业微信群机器人：最近一次通知没有送达\n密钥、账号或密码不对，或者机器人被移出了群（errcode 93000）.*发送测试消息/s,
    ],
    [
      "nothing is judged yet",
      overview({ judgement: { thresholds: new Map() } }),
      /^没有告警，有 1 件事要留意\n留意\nPrometheus 还没有开始判断/,
    ],
    [
      "all was just started: what nobody looked at yet is not missing",
      overview({
        judgement: { since: NOW - 59_000, thresholds: new Map() },
        alerts: { ...overview().alerts, pending: [alert("ExporterDown", "critical")] },
      }),
      /^没有告警，有 1 件事要留意\n留意\nPrometheus 刚启动\n.*一分钟/,
    ],
    [
      "just started, and something fires",
      overview({
        judgement: { since: NOW - 59_000 },
        alerts: { ...overview().alerts, firing: [alert("ServiceDown", "critical")] },
      }),
      /^1 个严重问题\n严重\nServiceDown 发生/,
    ],
    [
      "an alert is silenced",
      overview({
        alerts: { ...overview().alerts, firing: [alert("ServiceDown", "critical", { muted: "silence" })] },
      }),
      /^没有告警，有 1 件事要留意\n留意\n已静默：ServiceDown 发生/,
    ],
    [
      "one is about to fire",
      overview({ alerts: { ...overview().alerts, pending: [alert("ServiceDown", "critical")] } }),
      /^没有告警，有 1 件事要留意\n留意\nServiceDown 发生\n超过了阈值，时间还不够长/,
    ],
  ] as const) {
    test(what, () => assert.match(verdict(shown) ?? "", expected));
  }
});

test("what does not answer is not led to", () => {
  const linked = (shown: Overview) => [...pageOf(shown).matchAll(/<a class="name" href="([^"]+)"/g)].length;
  assert.equal(linked(overview()), 5);
  assert.equal(linked({ ...overview(), grafana: AWAY }), 3);
  assert.equal(linked({ ...overview(), grafana: AWAY, judgement: AWAY, muted: AWAY }), 1);
});

suite("what is not known is never a number, nor right", () => {
  const host = { cpu: null, memory: null, disks: [], services: [] };

  test("nothing measured", () => {
    const shown = text(overview({ collecting: false, host }));
    for (const name of ["CPU", "内存", "磁盘", "响应时间"])
      assert.match(shown, new RegExp(`\\n${name}\\n未知\\n—\\n监控已停止\\n`), name);
  });

  test("no Prometheus: measured, not judged", () => {
    const shown = text({ ...overview(), judgement: AWAY });
    assert.match(shown, /\nCPU\n无法判断\n12\.5\n%\n阈值未知\n/);
    assert.match(shown, /\n咨询\n未知\n/);
    assert.doesNotMatch(shown, /一切正常|超过阈值/);
  });

  test("no relay: neither channels nor history", () => {
    const alerts = { ...overview().alerts, recent: undefined };
    const shown = text({ ...overview({ alerts }), telling: AWAY });
    assert.match(shown, /最近恢复的\n未知：/);
    assert.match(shown, /告警渠道\n未知\n/);
  });

  test("no Prometheus and no relay: nothing is left that is known of alerts", () => {
    const alerts = { ...overview().alerts, doubtful: true, recent: undefined };
    const shown = text({ ...overview({ alerts }), judgement: AWAY, telling: AWAY });
    assert.match(shown, /现在有哪些告警不知道。\n未知\n/);
    assert.match(text({ ...overview({ alerts }), judgement: AWAY }), /不知道，下面是告警转发最后知道的。\n/);
  });

  test("no event totals", () => {
    const none = business({ messagesToday: null, messagesYesterday: null, messagesByThisTime: null });
    assert.match(text(none), /\n消息\n未知\n昨日未知\n/);
  });
});

test("values stand against their thresholds", () => {
  const host = {
    cpu: 80,
    memory: 85.1,
    disks: [
      { mountpoint: "/data", usage: 90.5 },
      { mountpoint: "/", usage: 20 },
    ],
    services: [
      { name: "慢", up: true, responseTime: 5.5 },
      { name: "断", up: false, responseTime: 10 },
    ],
  };
  const shown = text(overview({ host }));
  assert.match(shown, /\nCPU\n正常\n80\.0\n%\n阈值 80%\n/);
  assert.match(shown, /\n内存\n超过阈值\n85\.1\n/);
  assert.match(shown, /\n磁盘 \/data\n超过阈值\n90\.5\n%\n阈值 90%；最满的一个；另有 \/ 20%\n/);
  assert.match(shown, /\n响应时间\n超过阈值\n5\.50\n/);
  assert.match(shown, /\n慢\n缓慢\n响应 5\.500 秒\n断\n无法访问\n/);
});

test("today's business, and what too few messages make of an error rate", () => {
  const shown = text(overview());
  assert.match(
    shown,
    /\n消息\n120\n昨日 340，其中到此刻 100\n错误率\n2\.0%\n最近 5 分钟，阈值 10%；今日出错 3 条\n/,
  );
  assert.match(
    shown,
    /\n咨询\n12\n今日新开始\n案例\n2\n今日新建\n满意度\n4\.50\n全部评分的平均 4\.40，满分 5/,
  );
  assert.match(
    text(business({ errorRate: 0.5, messages5m: 2 })),
    /50\.0%\n最近 5 分钟，阈值 10%（消息太少，不判断）/,
  );
});
