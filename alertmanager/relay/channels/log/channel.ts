import type { Logger } from "../../../../service/logger.ts";
import type { Alert } from "../../alert.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Message } from "../channel.ts";

/** Where messages go while nothing else is set up. */
export function logChannel(logger: Logger, wording: Wording): Channel<string> {
  return {
    name: "log",
    compose: (alerts) => compose(alerts, wording),
    capacity: () => Number.POSITIVE_INFINITY,
    composeDigest: ({ alerts }) => compose(alerts, wording),
    composeTest: () => "【测试】没有设置告警渠道，消息写入日志",
    async send(content) {
      logger.warn({ message: content }, "no channel is set up, the message goes to the log");
      return { kind: "sent" };
    },
  };
}

function compose(alerts: Alert[], wording: Wording): Message<string> {
  const content = alerts.map((alert) => `【${wording.heading(alert)}】${wording.title(alert)}`).join("；");
  return { content, covers: alerts.length };
}
