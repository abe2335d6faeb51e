import { type Env, EnvironmentError, optional, readSecret } from "../../../../config/environment.ts";

export interface EmailSettings {
  /** smtp:// or smtps://, user and password included. */
  smtpUrl: string;
  from: string;
  to: string;
}

/** @returns undefined when no mail is set up. @throws {EnvironmentError} when it is set up by half */
export function readEmailSettings(env: Env): EmailSettings | undefined {
  const smtpUrl = readSecret(env, "SMTP_URL");
  const from = optional(env, "EMAIL_FROM");
  const to = optional(env, "EMAIL_TO");
  if (smtpUrl === undefined && from === undefined && to === undefined) return undefined;
  if (smtpUrl === undefined || from === undefined || to === undefined) {
    const missing = Object.entries({ SMTP_URL: smtpUrl, EMAIL_FROM: from, EMAIL_TO: to })
      .filter(([, value]) => value === undefined)
      .map(([name]) => name);
    throw new EnvironmentError(
      `邮件告警还缺少 ${missing.join("、")}：SMTP_URL、EMAIL_FROM、EMAIL_TO 要一起设置`,
    );
  }
  const url = URL.parse(smtpUrl);
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === "") {
    throw new EnvironmentError(
      "SMTP_URL 应为 smtp:// 或 smtps:// 开头，例如 smtps://user:password@smtp.example.com:465",
    );
  }
  for (const [name, list] of Object.entries({ EMAIL_FROM: from, EMAIL_TO: to })) {
    if (!list.split(",").every((address) => /^[^@]+@[^@]+$/.test(address.trim()))) {
      throw new EnvironmentError(`${name} 应为邮箱地址，多个用英文逗号分隔`);
    }
  }
  return { smtpUrl, from, to };
}
