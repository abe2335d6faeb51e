import type { FailureReason } from "../alertmanager/relay/channels/channel.ts";
import type { PartUrls } from "../config/environment.ts";

/** How bad something is, the worst first. */
export const LEVELS = ["critical", "warning", "notice"] as const;
export type Level = (typeof LEVELS)[number];

export const LEVEL_NAMES: Record<Level, string> = { critical: "严重", warning: "警告", notice: "留意" };

/** Of an alert, by its label, which may be anything. */
export function levelOf(severity: string | undefined): Level {
  if (severity === "critical") return "critical";
  return severity === "info" ? "notice" : "warning";
}

export const PARTS: Record<keyof PartUrls, { title: string; use: string; without: string }> = {
  exporter: { title: "采集程序", use: "测量主机、探测服务、接收业务事件", without: "什么都看不到" },
  prometheus: {
    title: "Prometheus",
    use: "保存数据，判断是否该告警",
    without: "没有人在判断是否正常，也不会有新的告警",
  },
  alertmanager: {
    title: "Alertmanager",
    use: "合并告警、控制重复、静默",
    without: "发现了问题也不会通知任何人",
  },
  relay: {
    title: "告警转发",
    use: "把告警发到企业微信和邮箱，记录怎样通知的",
    without: "企业微信和邮件都收不到告警",
  },
  grafana: { title: "Grafana", use: "仪表盘", without: "看不了仪表盘，监控和告警不受影响" },
};

interface ChannelWords {
  title: string;
  /** What to fill in. */
  setUp: string;
}

const CHANNELS = new Map<string, ChannelWords>([
  [
    "wecom",
    {
      title: "企业微信群机器人",
      setUp: "WECOM_ROBOT_KEY（机器人 Webhook 地址里 key= 后面的部分）",
    },
  ],
  [
    "wecom_app",
    {
      title: "企业微信应用",
      setUp: "WECOM_CORP_ID、WECOM_AGENT_ID、WECOM_SECRET、WECOM_TO_USER",
    },
  ],
  ["email", { title: "邮件", setUp: "SMTP_URL、EMAIL_FROM、EMAIL_TO" }],
  ["log", { title: "日志", setUp: "" }],
]);

export function channelWords(name: string): ChannelWords {
  return CHANNELS.get(name) ?? { title: name, setUp: "" };
}

const REASONS: Record<FailureReason, { what: string; remedy: string }> = {
  network: { what: "连不上对方", remedy: "检查网络、防火墙、DNS；会自动重试" },
  timeout: { what: "对方没有及时应答", remedy: "检查网络；会自动重试" },
  server: { what: "对方出错", remedy: "会自动重试" },
  busy: { what: "对方繁忙", remedy: "会自动重试，企业微信最多试 3 次" },
  rate_limited: { what: "达到每分钟的限额", remedy: "会自动再发；经常如此就加一个机器人" },
  content: { what: "对方不接受内容", remedy: "把括号里的原因交给开发" },
  setup: {
    what: "密钥、账号或密码不对，或者机器人被移出了群",
    remedy: "核对 .env，改好后执行 npm run apply，再发测试消息",
  },
  receiver: {
    what: "有收件人不存在或收不到",
    remedy: "核对 .env 里的收件人，改好后执行 npm run apply",
  },
  unknown: { what: "没见过的错误", remedy: "按括号里的 errcode 查企业微信文档" },
};

const UNKNOWN_REASON = { what: "原因不明", remedy: "看告警转发的日志" };

export function reasonWords(reason: string | null): { what: string; remedy: string } {
  return Object.hasOwn(REASONS, reason ?? "") ? REASONS[reason as FailureReason] : UNKNOWN_REASON;
}

const COLLECTORS = new Map([
  ["cpu", "CPU"],
  ["memory", "内存"],
  ["disk", "磁盘"],
  ["services", "服务探测"],
  ["events", "业务事件"],
]);

export function collectorTitle(name: string): string {
  return COLLECTORS.get(name) ?? name;
}

export const EVENTS_REFUSED = "业务事件无法保存";

/** What starts a part that is down; it does no harm to those that run. */
export const START_ALL = "在监控主机的项目目录里执行 npm start，会启动停掉的部分。";
