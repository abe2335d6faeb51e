import { listChannels, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import type { Config } from "../../config/config.ts";
import type { Env, PartUrls } from "../../config/environment.ts";
import { PART_TITLES, WITHOUT } from "./addresses.ts";
import { fallbackMail } from "./fallback-mail.ts";
import type { ServerName } from "./releases.ts";
import { type Report, table } from "./report.ts";
import type { MissingServer } from "./servers.ts";

export interface SummaryOptions {
  config: Config;
  env: Env;
  urls: Omit<PartUrls, "relay">;
  missing: Partial<Record<ServerName, MissingServer>>;
  /** Alertmanager came without its web pages. */
  withoutSilencePage?: boolean;
  /** Where messages go while no channel is set up. */
  relayLog: string;
}

/** What the operator needs to know once the stack is up. */
export function summarize(
  report: Report,
  { config, env, urls, missing, withoutSilencePage, relayLog }: SummaryOptions,
): void {
  const server = (name: ServerName, use: string) => [
    PART_TITLES[name],
    ...(missing[name] ? ["没有启动", "原因见下"] : [urls[name], use]),
  ];
  const rows = [
    ["管理页面", urls.exporter, "监控指标在 /metrics"],
    server("grafana", "用户名 admin，密码见 .env 里的 GRAFANA_ADMIN_PASSWORD"),
    server("prometheus", "监控数据与告警规则"),
    server("alertmanager", "告警与静默"),
  ];
  report.line();
  for (const line of table(rows)) report.line(`  ${line}`);
  report.line();
  report.line("  上报事件用的令牌：.env 里的 EXPORTER_TOKEN");
  report.line("  停止：npm stop");
  for (const [name, { reason, remedy }] of Object.entries(missing)) {
    report.line();
    const part = name as ServerName;
    report.warn(`${PART_TITLES[part]} 没有启动：${WITHOUT[part]}。`);
    report.line(`    原因：${reason}。`);
    report.line(`    办法：${remedy}。`);
  }
  if (withoutSilencePage) {
    report.line();
    report.warn("Debian 的 Alertmanager 软件包不含网页，消息里的“静默”打不开：用法见使用指南的“静默”一节。");
    report.line(
      "    想要网页：在 .env 里把 GITHUB_MIRROR 设为可用的镜像，删除 .stack/servers，再执行 npm start。",
    );
  }
  const todo = [...notSetUp(env, config, relayLog), ...noServices(config)];
  if (todo.length > 0) {
    report.line();
    report.line("还没有设置：");
    for (const line of todo) report.line(`  • ${line}`);
  }
}

function notSetUp(env: Env, config: Config, relayLog: string): string[] {
  const settings = readChannelSettings(env);
  const { wecom, wecomApp, email } = settings;
  const hasWecom = wecom !== undefined || wecomApp !== undefined;
  if (!config.alertEnabled)
    return ["告警发送已关闭（config.ini 里 alert_enabled = false），告警只记录不发送"];
  const lines: string[] = [];
  const asked = new Set(config.channels);
  if (asked.has("wecom") && !hasWecom)
    lines.push("企业微信：在 .env 里填写群机器人的 WECOM_ROBOT_KEY，或者应用的四项 WECOM_CORP_ID 等");
  if (asked.has("email") && !email) lines.push("邮件：在 .env 里填写 SMTP_URL、EMAIL_FROM、EMAIL_TO");
  if (asked.has("email") && email && !fallbackMail(config, env, "")) {
    lines.push("告警转发自己停掉时没有邮件：Alertmanager 只会用 465 端口的 smtps，请改 SMTP_URL 的端口");
  }
  const isReady = listChannels(settings, config.channels).some(({ setUp, enabled }) => setUp && enabled);
  if (!isReady) lines.push(`一个告警渠道都没有，告警只写入日志 ${relayLog}`);
  return lines.length > 0 ? [...lines, "填好后执行 npm run apply"] : [];
}

function noServices({ services }: Config): string[] {
  return services.length > 0
    ? []
    : [
        "要探测的服务：在 config/config.ini 的 [services] 里填写，例如 wecom_legal_service = http://localhost:8000/health",
      ];
}
