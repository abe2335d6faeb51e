import type { Expected } from "./expected.ts";
import { metric } from "./metric.ts";

/** @returns how what Alertmanager has in force differs from what it should have; undefined where it does not */
export async function alertmanagerProblem(url: string, expected: Expected): Promise<string | undefined> {
  if ((await metric(url, "alertmanager_config_last_reload_successful")) !== 1) return "它没能读入配置";
  if ((await metric(url, "alertmanager_config_hash")) !== expected.alertmanager)
    return "它用的还是另一份配置";
  return undefined;
}
