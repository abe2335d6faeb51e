import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";
import { find, settings } from "./support/parts.ts";

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

test("it is Chinese, begins with the overview, lets nobody in without a password and tells nobody, in a container too", (t) => {
  const options = settings(t);
  const overview = "current/grafana/dashboards/overview.json";
  const wanted = (rendered: string) => ({
    GF_USERS_DEFAULT_LANGUAGE: "zh-Hans",
    GF_AUTH_ANONYMOUS_ENABLED: "false",
    GF_USERS_ALLOW_SIGN_UP: "false",
    GF_ANALYTICS_REPORTING_ENABLED: "false",
    GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(rendered, overview),
  });
  const compose = parse(readFileSync(join(PROJECT, "docker-compose.yml"), "utf8"));
  assert.partialDeepStrictEqual(find(options, "grafana").env, wanted(options.paths.config));
  assert.partialDeepStrictEqual(compose.services.grafana.environment, wanted("/rendered"));
});

function read(file: string): { datasources?: object[]; providers: object[] } {
  return parse(readFileSync(join(PROVISIONING, file), "utf8"));
}
