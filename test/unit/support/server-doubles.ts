import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Expected, ExpectedRule } from "../../../scripts/stack/expected.ts";

/** What a stand-in for Prometheus or Alertmanager shows, and how it answers POST /-/reload. */
export interface Shown {
  expected: Expected;
  /** When it last read its files; the default does so at each reload. */
  loadedAt: number;
  successful: 0 | 1;
  onReload: (response: ServerResponse) => void;
}

export function shown(expected: Expected): Shown {
  const state: Shown = {
    expected,
    loadedAt: 1,
    successful: 1,
    onReload(response) {
      state.loadedAt += 1;
      response.end();
    },
  };
  return state;
}

/** As much of both servers' API as tells what they have loaded. */
export function serverDouble(state: Shown): RequestListener {
  return (request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    if (pathname === "/-/reload") return state.onReload(response);
    if (pathname === "/metrics") return response.end(metrics(state));
    const data = answer(pathname.replace("/api/v1/", ""), searchParams, state.expected.prometheus);
    return response.end(JSON.stringify({ status: "success", data }));
  };
}

function metrics({ expected, loadedAt, successful }: Shown): string {
  return ["alertmanager", "prometheus"]
    .flatMap((server) => [
      `${server}_config_last_reload_successful ${successful}`,
      `${server}_config_last_reload_success_timestamp_seconds ${loadedAt}`,
    ])
    .concat(`alertmanager_config_hash ${expected.alertmanager.toExponential()}`, "")
    .join("\n");
}

function answer(path: string, parameters: URLSearchParams, loaded: Expected["prometheus"]): unknown {
  switch (path) {
    case "status/config":
      return { yaml: JSON.stringify({ scrape_configs: loaded.jobs.map((job_name) => ({ job_name })) }) };
    case "rules":
      return { groups: loaded.rules.map(toGroup) };
    case "format_query":
      return parameters.get("query")?.replaceAll(/\s+/g, " ").trim();
    case "targets":
      return { activeTargets: Object.entries(loaded.targets).flatMap(toTargets), droppedTargets: [] };
    default:
      return { result: loaded.rules.filter(({ kind }) => kind === "recording").map(toSeries) };
  }
}

function toGroup({ group, kind, name, expr, labels, annotations }: ExpectedRule) {
  const rule = { name, type: kind, query: expr.replaceAll("\n", "  "), labels, annotations };
  return { name: group, file: "/rendered/current/prometheus/rules/any.yml", interval: 0.1, rules: [rule] };
}

function toTargets([job, addresses]: [string, string[]]) {
  return addresses.map((__address__) => ({ discoveredLabels: { __address__, job } }));
}

function toSeries({ name, labels, expr }: ExpectedRule) {
  return { metric: { __name__: name, ...labels }, value: [0, expr] };
}
