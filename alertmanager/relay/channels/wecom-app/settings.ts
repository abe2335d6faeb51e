import { type Env, EnvironmentError, optional, readSecret } from "../../../../config/environment.ts";
import { readWecomBase } from "../wecom-base.ts";

export interface WecomAppSettings {
  corpId: string;
  agentId: number;
  secret: string;
  /** userids separated by |, or @all. */
  toUser: string;
  /** Without a trailing slash. */
  apiBase: string;
}

/** Of one message (https://developer.work.weixin.qq.com/document/path/90236). */
const MAX_USERS = 1000;

/** @returns undefined when no application is set up. @throws {EnvironmentError} when it is set up by half */
export function readWecomAppSettings(env: Env): WecomAppSettings | undefined {
  const corpId = optional(env, "WECOM_CORP_ID");
  const agentId = optional(env, "WECOM_AGENT_ID");
  const secret = readSecret(env, "WECOM_SECRET");
  const toUser = optional(env, "WECOM_TO_USER");
  const values = {
    WECOM_CORP_ID: corpId,
    WECOM_AGENT_ID: agentId,
    WECOM_SECRET: secret,
    WECOM_TO_USER: toUser,
  };
  const missing = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === Object.keys(values).length) return undefined;
  if (corpId === undefined || agentId === undefined || secret === undefined || toUser === undefined) {
    throw new EnvironmentError(
      `企业微信应用还缺少 ${missing.join("、")}：${Object.keys(values).join("、")} 要一起设置`,
    );
  }
  refuseUnless(/^\w+$/.test(corpId), "WECOM_CORP_ID 应为企业 ID，例如 ww1234567890abcdef");
  refuseUnless(/^\d+$/.test(agentId), "WECOM_AGENT_ID 应为应用的 AgentId，是一个整数，例如 1000002");
  refuseUnless(/^[\w-]+$/.test(secret), "WECOM_SECRET 应为应用的 Secret，只有字母、数字、- 和 _");
  return {
    corpId,
    agentId: Number(agentId),
    secret,
    toUser: readUsers(toUser),
    apiBase: readWecomBase(env),
  };
}

/** A userid is 1 to 64 letters, digits and _-@. (https://developer.work.weixin.qq.com/document/path/90195). */
function readUsers(list: string): string {
  const users = list
    .split(/[|,]/)
    .map((user) => user.trim())
    .filter((user) => user !== "");
  if (users.includes("@all")) {
    refuseUnless(users.length === 1, "WECOM_TO_USER 写了 @all 就不能再写别人");
    return "@all";
  }
  refuseUnless(
    users.length > 0 && users.every((user) => /^\w[\w@.-]{0,63}$/.test(user)),
    "WECOM_TO_USER 应为成员的账号（userid），多个用 | 或英文逗号分隔，或者 @all",
  );
  const each = [...new Set(users)];
  refuseUnless(each.length <= MAX_USERS, `WECOM_TO_USER 最多 ${MAX_USERS} 个成员，再多请用 @all`);
  return each.join("|");
}

function refuseUnless(isRight: boolean, message: string): void {
  if (!isRight) throw new EnvironmentError(message);
}
