import type { Logger } from "../../../../service/logger.ts";
import type { Wording } from "../../wording.ts";
import type { Channel } from "../channel.ts";

/** Where messages go while nothing else is set up. */
export function logChannel(logger: Logger, wording: Wording): Channel<string> {
  return {
    name: "log",
    compose: (alerts) => ({
      content: alerts.map((alert) => `【${wording.heading(alert)}】${wording.title(alert)}`).join("；"),
      covers: alerts.length,
    }),
    composeTest: () => "【测试】没有设置告警渠道，消息写入日志",
    async send(content) {
      logger.warn({ message: content }, "no channel is set up, the message goes to the log");
      return { kind: "sent" };
    },
  };
}
