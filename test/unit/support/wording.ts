import { createWording, type Wording } from "../../../alertmanager/relay/wording.ts";

/** The words of a stack on one machine. */
export function testWording(): Wording {
  return createWording({
    timezone: "Asia/Shanghai",
    alertmanagerUrl: "http://localhost:9093",
    exporterUrl: "http://localhost:8001",
  });
}
