import type { WecomAppSettings } from "../../alertmanager/relay/channels/wecom-app/settings.ts";
import { readWecomAppSettings } from "../../alertmanager/relay/channels/wecom-app/settings.ts";
import { callWecom, type WecomReply } from "../../alertmanager/relay/channels/wecom-call.ts";
import { classifyAnswer } from "../../alertmanager/relay/channels/wecom-errors.ts";
import { readWecomRobotSettings } from "../../alertmanager/relay/channels/wecom-robot/settings.ts";
import type { Env } from "../../config/environment.ts";
import { reasonWords } from "../../exporter/words.ts";
import type { Clock } from "../../service/clock.ts";
import { type Finding, ok, problem, unchecked } from "./check.ts";
import { TRUST } from "./trust.ts";

/** Milliseconds: shorter than the relay's own, as somebody waits for it. */
const TIMEOUT = 7000;

/** Whether WeCom takes the robots' keys and the application's secret. @throws {EnvironmentError} */
export async function lookAtWecom(env: Env, clock: Clock): Promise<Finding[]> {
  const robot = readWecomRobotSettings(env);
  const app = readWecomAppSettings(env);
  const robots = robot?.keys.map((key, index, { length }) =>
    checkRobot(clock, robot.apiBase, key, length > 1 ? `第 ${index + 1} 个机器人` : "群机器人"),
  );
  return Promise.all([...(robots ?? []), ...(app ? [checkApp(clock, app)] : [])]);
}

/** Nothing to show: WeCom refuses it, but only after it has looked for the robot. */
const EMPTY = { msgtype: "text", text: { content: "" } };

async function checkRobot(clock: Clock, apiBase: string, key: string, name: string): Promise<Finding> {
  const url = `${apiBase}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`;
  const reply = await callWecom(url, EMPTY, AbortSignal.timeout(TIMEOUT));
  if ("failure" in reply) return unreachable(reply, apiBase);
  const outcome = classifyAnswer(reply.answer, clock.now());
  const reason = "reason" in outcome ? outcome.reason : "content";
  if (reason === "content") return ok(`企业微信没有拒绝${name}的 key（没有发消息）`);
  if (reason === "rate_limited") return ok(`${name}的 key 有效，这一分钟的条数用完了`);
  const { errcode, errmsg } = reply.answer;
  if (reason === "busy") return unchecked(`${name}的 key`, `企业微信正忙，errcode ${errcode}`);
  return problem(
    `企业微信不接受${name}：errcode ${errcode}（${errmsg.split(",", 1)}）`,
    errcode === 93000 ? "key 不对，或者机器人已从群里删除，告警发不到群里" : "告警可能发不到群里",
    "在群里看机器人的 Webhook 地址，把 key= 后面的部分填进 .env 的 WECOM_ROBOT_KEY，再执行 npm run apply",
  );
}

async function checkApp(clock: Clock, { apiBase, corpId, secret }: WecomAppSettings): Promise<Finding> {
  const search = new URLSearchParams({ corpid: corpId, corpsecret: secret });
  const reply = await callWecom(
    `${apiBase}/cgi-bin/gettoken?${search}`,
    undefined,
    AbortSignal.timeout(TIMEOUT),
  );
  if ("failure" in reply) return unreachable(reply, apiBase);
  const outcome = classifyAnswer(reply.answer, clock.now());
  if (outcome.kind === "sent") {
    return ok("企业微信应用的企业 ID 和 Secret 有效（AgentId 和成员要发消息才知道）");
  }
  const { errcode, errmsg } = reply.answer;
  return problem(
    `企业微信不接受应用：errcode ${errcode}（${errmsg.split(",", 1)}）`,
    "告警发不到成员手机上；反复用错的 Secret 会被封一小时",
    errcode === 60020
      ? "在管理后台的应用里，把这台机器的出口 IP 加进企业可信 IP"
      : "核对 .env 里的 WECOM_CORP_ID 和 WECOM_SECRET，再执行 npm run apply",
  );
}

function unreachable({ failure }: Extract<WecomReply, { failure: unknown }>, apiBase: string): Finding {
  if (!("reason" in failure)) return unchecked("企业微信", "没有应答");
  const { reason, detail } = failure;
  const remedy = /CERT|SIGNED|ISSUER/.test(detail)
    ? `核对 WECOM_API_BASE 里的主机名；${TRUST}`
    : `${reasonWords(reason).remedy}：curl -sI ${new URL(apiBase).origin}`;
  return problem(
    reason === "timeout" ? `企业微信 ${TIMEOUT / 1000} 秒内没有应答` : detail,
    "告警发不到企业微信，会排队重试",
    remedy,
  );
}
