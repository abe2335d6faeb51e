import { readWecomAppSettings } from "../../alertmanager/relay/channels/wecom-app/settings.ts";
import { readWecomRobotSettings } from "../../alertmanager/relay/channels/wecom-robot/settings.ts";
import type { Env } from "../../config/environment.ts";
import type { Clock } from "../../service/clock.ts";
import { type Finding, problem, unchecked } from "./check.ts";

/** Seconds. */
const TOLERANCE = 60;
/** Milliseconds. */
const TIMEOUT = 5000;

export const SET_CLOCK = "校准时间：timedatectl set-ntp true，再看 timedatectl status";

/** @param skew seconds */
export function tellSkew(skew: number): string {
  return `${skew > 0 ? "快" : "慢"} ${Math.abs(skew)} 秒`;
}

/** By WeCom's own clock, as that is the one address of the world that has to be reachable anyway. */
export async function lookAtWorldClock(env: Env, clock: Clock): Promise<Finding[]> {
  const base = (readWecomRobotSettings(env) ?? readWecomAppSettings(env))?.apiBase;
  if (base === undefined) return [];
  const date = await fetch(base, { method: "HEAD", signal: AbortSignal.timeout(TIMEOUT) }).then(
    ({ headers }) => Date.parse(headers.get("date") ?? ""),
    () => Number.NaN,
  );
  if (Number.isNaN(date)) return [unchecked("与外面的时间相比", "企业微信没有应答")];
  const skew = Math.round((clock.now() - date) / 1000);
  if (Math.abs(skew) <= TOLERANCE) return [];
  return [
    problem(`这台机器的时间${tellSkew(skew)}（与企业微信比）`, "消息里的时间、今日消息数都不对", SET_CLOCK),
  ];
}
