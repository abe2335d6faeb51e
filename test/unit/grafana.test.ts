import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";

const PROVISIONING = join(PROJECT, "grafana/provisioning");

test("data sources have their fixed uids", () => {
  const { datasources } = read("datasources/datasources.yaml");
  assert.partialDeepStrictEqual(datasources, [
    {
      uid: "prometheus",
      url: "$PROMETHEUS_URL",
      editable: false,
      jsonData: { alertmanagerUid: "alertmanager" },
    },
    {
      uid: "alertmanager",
      name: "Alertmanager",
      url: "$ALERTMANAGER_URL",
      editable: false,
      jsonData: { implementation: "prometheus" },
    },
  ]);
});

test("dashboards come from one provider, which takes no changes from the pages", () => {
  const { providers } = read("dashboards/dashboards.yaml");
  assert.equal(providers.length, 1);
  assert.partialDeepStrictEqual(providers, [
    {
      folder: "法律客服监控",
      folderUid: "wecom-legal-monitoring",
      type: "file",
      disableDeletion: true,
      allowUiUpdates: false,
      editable: false,
      options: { path: "$DASHBOARDS_PATH" },
    },
  ]);
});

function read(file: string): { datasources?: object[]; providers: object[] } {
  return parse(readFileSync(join(PROVISIONING, file), "utf8"));
}
