import type { Plan } from "./plan.ts";
import type { ServiceState } from "./service.ts";
import type { Timetable, Timing } from "./timetable.ts";

/** What the operator is told when something begins. */
export interface Scene {
  /** Seconds from the start. */
  after: number;
  text: string;
  /** What becomes of the service that the demo plays. */
  service?: ServiceState;
}

export interface SceneParts {
  timetable: Timetable;
  timing: Timing;
  plan: Plan;
  /** Whether the demo plays one. */
  hasService: boolean;
}

/** Everything that begins, in order. */
export function createScenes({ timetable, timing, plan, hasService }: SceneParts): Scene[] {
  const { errors, surge, late, service, end } = timetable;
  const { alerts } = timing;
  const after = (name: keyof Timing["alerts"]) => `持续 ${duration(alerts[name].for)}后告警`;
  const surged = plan.surges
    ? `消息突然增多，应触发 MessageVolumeSurge（${after("MessageVolumeSurge")}）`
    : "消息突然增多";
  const played: Scene[] = [
    {
      after: service.slow,
      text: `🐢 demo 服务变慢，应触发 SlowServiceResponse（${after("SlowServiceResponse")}）`,
      service: "slow",
    },
    {
      after: service.away,
      text: `💥 demo 服务中断，应触发 ServiceDown（${after("ServiceDown")}）`,
      service: "away",
    },
    { after: service.back, text: "💚 demo 服务恢复正常", service: "healthy" },
  ];
  const scenes: Scene[] = [
    { after: 0, text: "📅 先补报昨天上午的消息；今天的客服开始营业，一切正常" },
    {
      after: errors,
      text: `🔥 事故：消息处理变慢、大量出错，应触发 HighMessageErrorRate（${after("HighMessageErrorRate")}）`,
    },
    { after: surge, text: `📈 错误修好了，等着的客户一起发来消息：${surged}` },
    {
      after: late,
      text: `📦 昨天下午的消息补报到了，今天不再显得异常：没有意外的话，告警会在 ${duration(alerts.MessageVolumeSurge.keep)}后陆续恢复`,
    },
    ...(hasService ? played : []),
    { after: end, text: "🌙 今天下班了，不再发送消息" },
  ];
  return scenes.sort((a, b) => a.after - b.after);
}

/** For people: 90 is 1.5 分钟. */
export function duration(seconds: number): string {
  return seconds < 60 ? `${Math.round(seconds)} 秒` : `${Math.round(seconds / 6) / 10} 分钟`;
}
