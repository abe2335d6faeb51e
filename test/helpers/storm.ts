import { firing, type PostedAlert, webhook } from "../unit/support/alerts.ts";

const KINDS = 12;
/** Texts of several lengths and of characters of one to four bytes each: no message is cut where the next one is. */
const TEXTS = ["disk", "数据库连接数过高", "🚨 队列积压", "é", "服务 🧑‍⚖️ 无响应", ""];

/** One of many alerts. Its title begins with its number. */
export function stormAlert(index: number, severity = "warning"): PostedAlert {
  const number = titleOf(index);
  return {
    ...firing(`Kind${index % KINDS}`, { severity, instance: `host-${index % 997}:9100`, storm: number }),
    annotations: { summary: `${number} ${TEXTS[index % TEXTS.length]}`.trim(), description: "多处同时发生" },
    startsAt: new Date().toISOString(),
  };
}

export function titleOf(index: number): string {
  return `storm-${String(index).padStart(6, "0")}`;
}

/** The number with which a title begins. */
export function numberOf(title: string): string {
  return title.split(" ", 1)[0] ?? "";
}

/** So many at once; the critical ones are spread among the others. */
export function storm({ alerts, critical }: { alerts: number; critical: number }): PostedAlert[] {
  const every = Math.floor(alerts / critical);
  return Array.from({ length: alerts }, (_, index) => {
    const isCritical = index % every === every - 1 && index < every * critical;
    return stormAlert(index, isCritical ? "critical" : index % 3 === 0 ? "info" : "warning");
  });
}

/** Posts them to the relay in one webhook. @returns milliseconds until they were accepted @throws unless they were */
export async function postStorm(url: string, alerts: PostedAlert[]): Promise<number> {
  const body = JSON.stringify(webhook(...alerts));
  const headers = { "Content-Type": "application/json" };
  const begun = performance.now();
  const response = await fetch(`${url}/alerts`, { method: "POST", headers, body });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  return performance.now() - begun;
}
