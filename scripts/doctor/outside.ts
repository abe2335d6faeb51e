import { setGlobalProxyFromEnv } from "node:http";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { readAuthorities } from "../../config/authorities.ts";
import type { ChannelName } from "../../config/config.ts";
import { type Env, optional } from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import { within } from "../../exporter/collectors/within.ts";
import type { Clock } from "../../service/clock.ts";
import { composeEnv } from "../stack/compose-cli.ts";
import { CHANNEL_VARIABLES, pick } from "../stack/part-variables.ts";
import { run } from "../stack/run.ts";
import { type StackView, stateOf } from "../stack/view.ts";
import { channelSettings } from "./channel-settings.ts";
import { type Check, type Finding, unchecked } from "./check.ts";
import { lookAtMail } from "./mail.ts";
import { lookAtWecom } from "./wecom.ts";
import { lookAtWorldClock } from "./world-clock.ts";

/*
 * What only the world can tell: WeCom and the mail server. They are asked as the relay asks them, and where it runs in
 * a container, from inside that: its names, its firewall and its way out are not this machine's.
 */
const LOOKS = { wecom: lookAtWecom, mail: lookAtMail, clock: lookAtWorldClock };

export type Look = keyof typeof LOOKS;

const CHANNELS: Record<Look, ChannelName> = { wecom: "wecom", mail: "email", clock: "wecom" };

/** Milliseconds for each of them inside a container, for all of them with the start of a program, and for a check. */
const LOOK_TIMEOUT = 8000;
const INSIDE_TIMEOUT = 11_000;
export const DEADLINE = 12_000;

export const wecomCheck = outsideCheck("wecom", "企业微信");
export const mailCheck = outsideCheck("mail", "邮件服务器");

function outsideCheck(name: Look, title: string): Check {
  return {
    ...{ name, title, question: "notifying", deadline: DEADLINE },
    run: (view) => lookOutside(view, name, title),
  };
}

/** @param title of what is not known where nobody can be asked */
export async function lookOutside(view: StackView, name: Look, title: string): Promise<Finding[]> {
  if (!isWanted(view, name)) return [];
  if (channelSettings(view.settings.env) === undefined) return [unchecked(title, "设置有错，先改好")];
  if (view.runtime.kind !== "compose") return LOOKS[name](view.settings.env, view.clock);
  if (!stateOf(view, "relay")?.isRunning) return [unchecked(title, "要从告警转发的容器里查，它没有在运行")];
  try {
    return (await fromContainer(view))[name] ?? [unchecked(title, `${LOOK_TIMEOUT / 1000} 秒没有查完`)];
  } catch {
    return [unchecked(title, "从告警转发的容器里没有查成；刚升级过的，先执行 npm start")];
  }
}

function isWanted({ settings: { config } }: StackView, name: Look): boolean {
  return config.alertEnabled && config.channels.includes(CHANNELS[name]);
}

export type Looks = Partial<Record<Look, Finding[]>>;

/** All at once; one that takes too long is left out. @throws {EnvironmentError} */
export async function lookFromHere(names: Look[], env: Env, clock: Clock): Promise<Looks> {
  const looks = names.map(async (name) => [name, await within(LOOKS[name](env, clock), LOOK_TIMEOUT)]);
  return Object.fromEntries(await Promise.all(looks));
}

/** A program has to start for it: once for all who ask. */
const asked = new WeakMap<StackView, Promise<Looks>>();

function fromContainer(view: StackView): Promise<Looks> {
  return asked.getOrInsertComputed(view, async () => {
    const { project, settings } = view;
    const names = (Object.keys(LOOKS) as Look[]).filter((name) => isWanted(view, name));
    const args = ["compose", "exec", "-T", "relay", "node", "scripts/doctor/inside.ts", ...names];
    const env = composeEnv(project, settings);
    // As .env has them now, but for files of this machine; how the container gets out is its own affair.
    const channels = CHANNEL_VARIABLES.filter((name) => !name.endsWith("_FILE"));
    const input = JSON.stringify(pick(settings.env, channels));
    return JSON.parse(await run("docker", args, { cwd: project, env, input, timeout: INSIDE_TIMEOUT }));
  });
}

/** By .env, which this process was not started with. */
export function askLikeTheRelay(env: Env): void {
  try {
    const proxies = readProxies(env);
    // The parts themselves are near.
    const near = [proxies.NO_PROXY, optional(env, "HOST")].filter((names) => names !== undefined);
    setGlobalProxyFromEnv({ ...proxies, NO_PROXY: near.join(",") });
    const authorities = readAuthorities(env);
    if (authorities !== undefined) setDefaultCACertificates([...getCACertificates(), authorities]);
  } catch {
    // Told by the check of the settings.
  }
}
