import type { ChannelName } from "../../config/config.ts";
import type { Env } from "../../config/environment.ts";
import type { StackView } from "../stack/view.ts";

/** Whether anything is to be sent that way. */
export function isWanted({ settings: { config } }: StackView, channel: ChannelName): boolean {
  return config.alertEnabled && config.channels.includes(channel);
}

/** What to do about a certificate that nobody knows. */
export const TRUST =
  "自建的服务器，把签发它证书的 CA 证书存成文件，.env 里写 NODE_EXTRA_CA_CERTS=文件的完整路径，再执行 npm run apply";

/** How the relay's own words for this machine read outside its container. */
export function envFromHere({ runtime, settings: { env } }: StackView): Env {
  if (runtime.kind !== "compose") return env;
  const names = ["SMTP_URL", "WECOM_API_BASE"];
  const here = names.map((name) => [name, env[name]?.replace("host.docker.internal", "localhost")]);
  return { ...env, ...Object.fromEntries(here) };
}
