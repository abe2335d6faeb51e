import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Check,
  type CheckedFinding,
  hint,
  ok,
  problem,
  runChecks,
  unchecked,
} from "../../scripts/doctor/check.ts";
import { CHECKS } from "../../scripts/doctor/index.ts";
import { print } from "../../scripts/doctor/print.ts";
import { createRedaction } from "../../scripts/doctor/redaction.ts";
import { NoAnswerError } from "../../scripts/stack/ask.ts";
import { tell, testView } from "./support/view.ts";

const check = (name: string, run: Check["run"]): Check => ({ name, title: name, question: "starting", run });

test("a check that hangs, fails or cannot be done says so, and costs the others nothing", async (t) => {
  const checks = [
    check("快", async () => [ok("好")]),
    check("慢", () => new Promise(() => {})),
    check("错", async () => {
      throw new Error("boom");
    }),
    check("无", async () => {
      throw new NoAnswerError("Prometheus 没有应答");
    }),
  ];
  const told = (await runChecks(checks, await testView(t), 50)).map(tell);
  assert.deepEqual(told, [
    "ok: 好",
    "problem: 慢：0.05 秒还没有查完 | 查的东西没有应答，它自己多半也有问题 | 看机器是否过忙：uptime；过一会儿再执行 npm run doctor",
    "problem: 错：没能查完（boom） | 这一项的情况不清楚 | 把这一行交给开发",
    "unchecked: 无 | Prometheus 没有应答",
  ]);
});

test("every check has a name of its own", () => {
  assert.equal(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length);
});

test("problems first, by question; then hints, then what is not known; what is fine is counted", () => {
  const of = (question: CheckedFinding["question"], finding: ReturnType<typeof ok>): CheckedFinding => ({
    check: "any",
    title: "任意",
    question,
    ...finding,
  });
  const findings = [
    of("starting", ok("一")),
    of("measuring", problem("数字旧", "看不到新的", "npm start")),
    of("notifying", hint("版本甲", "能用", "不用管")),
    of("notifying", problem("key 不对", "发不出去", "改 .env")),
    of("notifying", hint("版本乙", "能用", "不用管")),
    of("starting", unchecked("规则", "Prometheus 没有应答")),
    of("starting", unchecked("抓取", "Prometheus 没有应答")),
  ];
  assert.equal(
    print(findings),
    `【收不到通知】
❌ key 不对
   影响：发不出去
   办法：改 .env

【数据不对】
❌ 数字旧
   影响：看不到新的
   办法：npm start

⚠️  版本甲；版本乙：能用
   办法：不用管

❔ 没有查：规则、抓取（Prometheus 没有应答）

❌ 2 个问题，2 个提示，2 项没有查到，1 项正常
`,
  );
  assert.equal(print(findings.slice(0, 1)), "✅ 没有发现问题，1 项正常\n");
});

test("secrets are taken out of whatever anybody else says, and out of nothing that a report says itself", () => {
  const redact = createRedaction({
    EXPORTER_TOKEN: "token-1111",
    GRAFANA_ADMIN_PASSWORD: "problem",
    RELAY_TOKEN: 'quo"ted\\6666,not,a,list',
    WECOM_ROBOT_KEY: "key-2222, key-2222-longer",
    SMTP_URL: "smtps://user:pass%404444@mail.example.com",
    https_proxy: "proxy-user:proxy-5555@proxy.example.com:3128",
  });
  const said = problem(
    "token-1111 key-2222-longer key-2222",
    "pass%404444 pass@4444 proxy-5555 mail.example.com",
    'quo"ted\\6666,not,a,list problem',
  );
  const about = { check: "problem", title: "problem", question: "starting" } as const;
  assert.deepEqual(JSON.parse(JSON.stringify(redact({ ...about, ...said }))), {
    ...about,
    level: "problem",
    what: "*** *** ***",
    why: "*** *** *** mail.example.com",
    remedy: "*** ***",
  });
  assert.deepEqual(redact({ ...about, ...ok("token-1111") }), { ...about, level: "ok", what: "***" });
});
