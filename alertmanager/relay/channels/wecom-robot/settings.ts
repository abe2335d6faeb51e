import { type Env, EnvironmentError, readSecret, readUrl } from "../../../../config/environment.ts";

export interface WecomRobotSettings {
  /** One key a robot; several share the load. */
  keys: string[];
  /** Without a trailing slash. */
  apiBase: string;
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
  return { keys: [...new Set(keys)], apiBase: readUrl(env, "WECOM_API_BASE", "https://qyapi.weixin.qq.com") };
}
