import { type Document, isMap, isSeq, type YAMLMap } from "yaml";

/**
 * Makes the alerts of services.yml wait for two probes in a row: with a long collect_interval one probe is the newest
 * for longer than the `for` that is committed. The description says the new time.
 * @param collectInterval seconds
 */
export function renderWaits(document: Document, collectInterval: number): void {
  const minutes = Math.ceil((2 * collectInterval + 15) / 60);
  for (const rule of alertsOf(document)) {
    const committed = /^(\d+)m$/.exec(String(rule.get("for")))?.[1];
    if (committed === undefined || Number(committed) >= minutes) continue;
    rule.set("for", `${minutes}m`);
    const description = String(rule.getIn(["annotations", "description"]));
    const told = description.replace(`连续 ${committed} 分钟`, `连续 ${minutes} 分钟`);
    rule.setIn(["annotations", "description"], told);
  }
}

function alertsOf(document: Document): YAMLMap[] {
  const rules = document.getIn(["groups", 0, "rules"]);
  const items: unknown[] = isSeq(rules) ? rules.items : [];
  return items.filter((item): item is YAMLMap => isMap(item) && item.has("alert"));
}
