import { type Env, readUrl } from "../../../config/environment.ts";

/** Where WeCom's interfaces are, for the robot and the application alike. @returns without a trailing slash */
export function readWecomBase(env: Env): string {
  return readUrl(env, "WECOM_API_BASE", "https://qyapi.weixin.qq.com");
}
