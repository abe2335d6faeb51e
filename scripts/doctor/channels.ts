import { listChannels } from "../../alertmanager/relay/channels/index.ts";
import { channelWords } from "../../exporter/words.ts";
import { fallbackMail } from "../stack/fallback-mail.ts";
import type { StackView } from "../stack/view.ts";
import { channelSettings } from "./channel-settings.ts";
import { type Check, type Finding, hint, ok, problem, unchecked } from "./check.ts";

/** Whether alerts are sent, and to whom. */
export const channelsCheck: Check = {
  name: "channels",
  title: "通知渠道",
  question: "notifying",
  async run(view): Promise<Finding[]> {
    const { config } = view.settings;
    if (!config.alertEnabled) {
      return [
        hint(
          "告警发送关着：config.ini 里 alert_enabled = false",
          "告警只记录，谁也收不到",
          "改成 alert_enabled = true，再执行 npm run apply",
        ),
      ];
    }
    return judge(view);
  },
};

function judge({ settings: { config, env } }: StackView): Finding[] {
  const channels = channelSettings(env);
  if (channels === undefined) return [unchecked("通知渠道", "设置有错，先改好")];
  const { wecom, wecomApp, email } = channels;
  const isSetUp = { wecom: wecom !== undefined || wecomApp !== undefined, email: email !== undefined };
  const names = Object.keys(isSetUp) as (keyof typeof isSetUp)[];
  const used = names.filter((name) => isSetUp[name] && config.channels.includes(name));
  const findings: Finding[] = names.flatMap((name) => {
    if (isSetUp[name] === config.channels.includes(name)) return [];
    return isSetUp[name]
      ? hint(
          `${TITLES[name]}填好了，但没有启用`,
          "不会往那里发",
          `在 config.ini 的 alert_notification_channels 里加上 ${name}，再执行 npm run apply`,
        )
      : hint(`${TITLES[name]}没有设置`, "config.ini 里写了要用它，现在不会发", SET_UP[name]);
  });
  if (used.length === 0)
    return [problem("一个通知渠道都没有设置", "告警只写在日志里，谁也收不到", SET_UP.wecom)];
  if (used.includes("email") && !fallbackMail(config, env, "")) {
    findings.push(
      hint(
        "告警转发停掉时没有邮件",
        "那时由 Alertmanager 自己发邮件，它只会用 465 端口的 smtps",
        "把 .env 里 SMTP_URL 的端口改成 465，再执行 npm run apply",
      ),
    );
  }
  const titles = listChannels(channels, config.channels)
    .filter(({ setUp, enabled }) => setUp && enabled)
    .map(({ name }) => channelWords(name).title);
  return [...findings, ok(`通知渠道：${titles.join("、")}`)];
}

/** As config.ini has them: its wecom is the robot, the application, or both. */
const TITLES = { wecom: "企业微信", email: "邮件" };
const SET_UP = {
  wecom: "在 .env 里填 WECOM_ROBOT_KEY（群机器人），再执行 npm run apply",
  email: "在 .env 里填 SMTP_URL、EMAIL_FROM、EMAIL_TO，再执行 npm run apply",
};
