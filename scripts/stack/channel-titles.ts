/** How operators know the relay's channels. */
export const CHANNEL_TITLES: Record<string, string> = {
  wecom: "企业微信",
  wecom_app: "企业微信应用",
  email: "邮件",
  log: "日志",
};
