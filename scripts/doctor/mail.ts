import nodemailer from "nodemailer";
import { type EmailSettings, readEmailSettings } from "../../alertmanager/relay/channels/email/settings.ts";
import { smtpOptions } from "../../alertmanager/relay/channels/email/smtp.ts";
import type { Env } from "../../config/environment.ts";
import { type Finding, ok, problem } from "./check.ts";
import { TRUST } from "./trust.ts";

/** Milliseconds for each step: connecting, the greeting, an answer. */
const TIMEOUT = 5000;

/** Whether the mail server lets us in. @throws {EnvironmentError} */
export async function lookAtMail(env: Env): Promise<Finding[]> {
  const settings = readEmailSettings(env);
  return settings ? [await login(settings)] : [];
}

async function login({ smtpUrl }: EmailSettings): Promise<Finding> {
  const { hostname, host } = new URL(smtpUrl);
  const transport = nodemailer.createTransport({
    ...smtpOptions(smtpUrl),
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
    dnsTimeout: TIMEOUT,
  });
  try {
    await transport.verify();
    return ok(`邮件服务器 ${hostname} 能登录（没有发邮件）`);
  } catch (error) {
    return explain(host, error as SmtpError);
  } finally {
    transport.close();
  }
}

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
}

const WHY = "告警邮件发不出去";
const APPLY = "再执行 npm run apply";

/** The server's own words are left out: they may repeat the user's name. */
function explain(host: string, { code = "未知错误", responseCode, message }: SmtpError): Finding {
  if (code === "EAUTH") {
    return problem(
      `邮件服务器 ${host} 不接受用户名或密码（${responseCode ?? code}）`,
      WHY,
      `核对 .env 里的 SMTP_URL：密码常常要用邮箱的“授权码”，特殊字符写成 %40 这样；${APPLY}`,
    );
  }
  if (code === "ETLS") {
    return problem(
      `邮件服务器 ${host} 不支持加密，密码会明文传出去，所以不登录`,
      WHY,
      `换成 465 端口的 smtps://，或者让它支持 STARTTLS；${APPLY}`,
    );
  }
  if (/certificate|self.signed|altname/i.test(message)) {
    return problem(`邮件服务器 ${host} 的证书不可信`, WHY, `核对 SMTP_URL 里的主机名；${TRUST}`);
  }
  if (/wrong version|ssl3|EPROTO|packet length/i.test(message)) {
    return problem(
      `邮件服务器 ${host} 的加密方式不对`,
      WHY,
      `465 端口用 smtps://，587 和 25 端口用 smtp://；${APPLY}`,
    );
  }
  if (code === "EDNS" || /ENOTFOUND|EAI_AGAIN/.test(message)) {
    return problem(
      `找不到邮件服务器 ${host}（DNS）`,
      WHY,
      `核对 .env 里 SMTP_URL 的主机名，查 DNS；${APPLY}`,
    );
  }
  if (code === "ETIMEDOUT") {
    return problem(`邮件服务器 ${host} 没有应答`, WHY, "查网络、防火墙；云主机常常封 25 端口，改用 465");
  }
  const said = responseCode === undefined ? code : `${code}，应答 ${responseCode}`;
  return problem(
    `连不上邮件服务器 ${host}（${said}）`,
    WHY,
    `核对 .env 里 SMTP_URL 的主机和端口，查防火墙；${APPLY}`,
  );
}
