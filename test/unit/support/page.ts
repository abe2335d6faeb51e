import type { Overview } from "../../../exporter/overview/overview.ts";
import type { Business } from "../../../exporter/overview/prometheus.ts";
import { managementPage } from "../../../exporter/page/page.ts";
import { readRunbooks } from "../../../exporter/page/runbooks.ts";
import { overview } from "./overview.ts";

const urls = {
  exporter: "http://localhost:8001",
  prometheus: "http://localhost:9090",
  alertmanager: "http://localhost:9093",
  grafana: "http://localhost:3000",
};
const runbooks = readRunbooks();

/** The page of what is known. */
export const pageOf = (shown: Overview) =>
  managementPage({ overview: shown, urls, timezone: "Asia/Shanghai", runbooks, needsToken: true });

/** The page without its markup, a line for each run of text. */
export function text(shown: Overview): string {
  const page = pageOf(shown);
  const body = page.slice(page.indexOf("<main"), page.indexOf("</main>"));
  return body
    .replace(/<div id="stale".*?<\/div>/s, "")
    .replaceAll(/<details.*?<\/details>/gs, "")
    .replaceAll(/<[^>]+>/g, "\n")
    .replaceAll(/\s*\n\s*/g, "\n")
    .trim();
}

/** All is right, and these figures of the day are as given. */
export function business(changes: Partial<Business>): Overview {
  const { judgement } = overview();
  if (!judgement.known) throw new Error("Prometheus is there");
  return overview({ judgement: { business: { ...judgement.value.business, ...changes } } });
}
