import { type Env, EnvironmentError, optional, readSecret } from "../../../../config/environment.ts";
import { readWecomBase } from "../wecom-base.ts";

export interface WecomRobotSettings {
  /** One key a robot; several share the load. */
  keys: string[];
  /** Without a trailing slash. */
  apiBase: string;
  mention: Mention;
}

/** Whom a critical alert calls. */
export interface Mention {
  /** User ids of WeCom's address book. */
  users: string[];
  mobiles: string[];
  everybody: boolean;
}

/** @returns undefined when no robot is set up. @throws {EnvironmentError} */
export function readWecomRobotSettings(env: Env): WecomRobotSettings | undefined {
  const keys = (readSecret(env, "WECOM_ROBOT_KEY") ?? "")
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  if (keys.length === 0) return undefined;
  if (!keys.every((key) => /^[\w-]+$/.test(key))) {
    throw new EnvironmentError(
      "WECOM_ROBOT_KEY 应为 Webhook 地址中 key= 后面的部分，不是整个地址；多个用英文逗号分隔",
    );
  }
  return {
    keys: [...new Set(keys)],
    apiBase: readWecomBase(env),
    mention: readMention(env),
  };
}

const EVERYBODY = "@all";
const MOBILE = /^1\d{10}$/;
/** https://developer.work.weixin.qq.com/document/path/90195 */
const USER_ID = /^[A-Za-z0-9][\w.@-]{0,63}$/;

function readMention(env: Env): Mention {
  const names = (optional(env, "WECOM_MENTION") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const users = names.filter((name) => name !== EVERYBODY && !MOBILE.test(name));
  if (names.length > 20 || !users.every((user) => USER_ID.test(user))) {
    throw new EnvironmentError(
      `WECOM_MENTION 应为企业微信的用户 ID、手机号或 ${EVERYBODY}，多个用英文逗号分隔，最多 20 个`,
    );
  }
  return {
    users,
    mobiles: names.filter((name) => MOBILE.test(name)),
    everybody: names.includes(EVERYBODY),
  };
}
