import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { listChannels, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { createCollectors } from "../../exporter/collectors/index.ts";
import { channelWords, collectorTitle } from "../../exporter/words.ts";
import { PART_TITLES } from "../../scripts/stack/addresses.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { alerts } from "../helpers/rules.ts";
import { dashboards, expressionsOf, type Link, type Panel, panelsOf, wordsOf } from "./support/dashboards.ts";
import { testConfig } from "./support/exporter.ts";

const HAN = /\p{Script=Han}/u;
const TAG = "法律客服";
const COLUMNS = 24;
const VARIABLES = ["datasource", "instance", "service", "management_url", "prometheus_url"];
/** What Grafana itself knows in a link. */
const BUILT_IN = ["__url_time_range", "__all_variables", "__value"];
const PAGES = [
  "/alerting/silences?alertmanager=Alertmanager",
  `\${prometheus_url}/alerts`,
  `\${management_url}/`,
];

test("there is one for each question, and no uid or title twice", () => {
  assert.deepEqual([...dashboards.keys()].sort(), ["business", "overview", "pipeline", "system"]);
  for (const key of ["uid", "title"] as const) {
    const values = [...dashboards.values()].map((dashboard) => dashboard[key]);
    assert.equal(new Set(values).size, values.length, `${key}: ${values}`);
  }
});

for (const [name, dashboard] of dashboards) {
  suite(name, () => {
    const panels = panelsOf(dashboard);

    test("is a provisioned dashboard that only its file changes", () => {
      assert.equal(dashboard.uid, `wecom-${name}`);
      assert.match(dashboard.title, HAN);
      assert.equal(dashboard.editable, false);
      assert.equal(dashboard.id, undefined);
      assert.deepEqual(dashboard.tags, [TAG]);
    });

    test("panels lie within the grid and beside each other, in the order in which a phone stacks them", () => {
      const all = dashboard.panels;
      assert.equal(new Set(all.map(({ id }) => id)).size, all.length, "panel ids are unique");
      assert.deepEqual(all, all.toSorted(byPlace));
      for (const [index, panel] of all.entries()) {
        const { x, w, h } = panel.gridPos;
        assert.ok(x >= 0 && w > 0 && h > 0 && x + w <= COLUMNS, panel.title);
        for (const other of all.slice(index + 1)) {
          assert.ok(!overlap(panel, other), `${panel.title} overlaps ${other.title}`);
        }
      }
    });

    test("no row of the grid is empty", () => {
      const end = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
      for (let row = 0; row < end; row++) {
        assert.ok(
          dashboard.panels.some(({ gridPos: { y, h } }) => y <= row && row < y + h),
          `${row}`,
        );
      }
    });

    test("every panel explains itself in Chinese", () => {
      assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length, "titles are unique");
      for (const { title, description = "", fieldConfig, targets = [] } of panels) {
        assert.match(title, HAN);
        assert.match(description, /\p{Script=Han}.*。$/u, `${title}: description`);
        assert.ok(description.length >= 30, `${title}: what it shows, what is normal, what to do if not`);
        assert.match(fieldConfig?.defaults.noValue ?? "", HAN, `${title}: noValue`);
        assert.ok(fieldConfig?.defaults.unit, `${title}: unit`);
        for (const { refId, legendFormat } of targets) assert.ok(legendFormat, `${title} ${refId}: legend`);
      }
    });

    test("draws no threshold of its own: they are Prometheus's", () => {
      for (const { title, fieldConfig, targets = [] } of panels) {
        assert.ok((fieldConfig?.defaults.thresholds?.steps.length ?? 0) <= 1, title);
        for (const { legendFormat, expr } of targets.filter(({ expr }) =>
          /^monitoring:threshold/.test(expr),
        )) {
          assert.equal(legendFormat, "告警阈值", `${title}: ${expr}`);
          const dashed = fieldConfig?.overrides.find(({ matcher }) => matcher.options === legendFormat);
          assert.ok(
            dashed?.properties.some(({ id }) => id === "custom.lineStyle"),
            title,
          );
        }
      }
    });

    test("has the same variables as the others, so that links keep what was chosen", () => {
      assert.deepEqual(
        dashboard.templating.list.map(({ name }) => name),
        VARIABLES,
      );
    });

    test("offers no choice that changes nothing", () => {
      const expressions = expressionsOf(dashboard).map(({ expr }) => expr);
      for (const { name } of dashboard.templating.list.filter(({ hide }) => hide === 0)) {
        assert.ok(
          expressions.some((expr) => expr.includes(`$${name}`)),
          name,
        );
      }
    });

    test("leads to the other dashboards, the silences, Prometheus and the management page", () => {
      const [others, ...pages] = dashboard.links;
      assert.partialDeepStrictEqual(others, { type: "dashboards", tags: [TAG] });
      assert.deepEqual(
        pages.map(({ url }) => url),
        PAGES,
      );
    });

    test("its links lead somewhere", () => {
      for (const { title, url } of [...dashboard.links, ...panels.flatMap(linksOf)]) {
        const [, target] = /^\/d\/wecom-(\w+)/.exec(url) ?? [];
        if (target !== undefined) assert.ok(dashboards.has(target), url);
        for (const [, variable = ""] of url.matchAll(/\$\{(\w+)/g)) {
          assert.ok([...VARIABLES, ...BUILT_IN].includes(variable), `${title}: ${url}`);
        }
      }
    });
  });
}

suite("a thing has one name everywhere", () => {
  const words = [...dashboards.values()].flatMap((dashboard) => panelsOf(dashboard).flatMap(wordsOf));
  const named = (key: string) => [...new Set(words.filter(([name]) => name === key).map(([, text]) => text))];

  test("alerts, as in the runbooks", () => {
    for (const { alert } of alerts.filter(({ alert }) => alert !== "Watchdog")) {
      const [heading = ""] = readFileSync(join(PROJECT, "docs/runbooks", `${alert}.md`), "utf8").split("\n");
      assert.deepEqual(named(alert), [heading.replace(`# ${alert}：`, "")]);
    }
  });

  test("parts, as at the start", () => {
    const jobs = {
      relay: "relay",
      prometheus: "prometheus",
      alertmanager: "alertmanager",
      grafana: "grafana",
    };
    for (const [job, part] of Object.entries(jobs)) {
      assert.deepEqual(named(job), [PART_TITLES[part as keyof typeof PART_TITLES]]);
    }
    assert.deepEqual(named("monitoring"), [PART_TITLES.exporter]);
  });

  test("channels and collectors, all of them wherever one is named, as on the management page and in the messages", () => {
    const channels = listChannels(readChannelSettings({}), []).map(({ name }) => name);
    const collectors = [...createCollectors(testConfig(), "/", () => "").map(({ name }) => name), "events"];
    for (const [names, title] of [
      [channels, (name: string) => channelWords(name).title],
      [collectors, collectorTitle],
    ] as const) {
      const panels = [...dashboards.values()]
        .flatMap(panelsOf)
        .map((panel) => ({ panel, words: new Map(wordsOf(panel)) }));
      const naming = panels.filter(({ words }) => names.some((name) => words.get(name) === title(name)));
      assert.ok(naming.length > 0);
      for (const { panel, words } of naming)
        for (const name of names) assert.equal(words.get(name), title(name), `${panel.title}: ${name}`);
    }
    for (const { alert, annotations } of alerts) {
      const spoken = annotations?.summary?.matchAll(/eq \$labels\.channel "(\w+)" \}\}([^{]+)/g) ?? [];
      const said = new Map([...spoken].map(([, channel = "", name = ""]) => [channel, name]));
      if (said.size === 0) continue;
      for (const channel of channels) assert.equal(said.get(channel), channelWords(channel).title, alert);
    }
  });
});

test("the overview counts every alert in one of its tiles, by the file of its rule", () => {
  const tiles =
    dashboards.get("overview")?.panels.find(({ title }) => title === "现在是否正常")?.targets ?? [];
  const matched = tiles.map(({ expr }) => [...new Set(expr.match(/(?<=alertname=~")[^"]+/g))].join());
  const files = ["services.yml", "business.yml", "host.yml"];
  assert.deepEqual(
    matched.slice(0, 3).map((pattern) => pattern.split("|").sort()),
    files.map((file) => alertsOf(file)),
  );
  const [rest = ""] = /(?<=alertname!~")[^"]+/.exec(tiles[3]?.expr ?? "") ?? [];
  assert.deepEqual(rest.split("|").sort(), ["Watchdog", ...files.flatMap(alertsOf)].sort());
});

function alertsOf(file: string): string[] {
  const text = readFileSync(join(PROJECT, "prometheus/rules", file), "utf8");
  return [...new Set(text.match(/(?<=- alert: )\w+/g))].sort();
}

function linksOf({ links = [], fieldConfig }: Panel): Link[] {
  const overrides = fieldConfig?.overrides.flatMap(({ properties }) => properties) ?? [];
  const own = overrides.flatMap(({ id, value }) => (id === "links" ? (value as Link[]) : []));
  return [...links, ...(fieldConfig?.defaults.links ?? []), ...own];
}

function byPlace({ gridPos: a }: Panel, { gridPos: b }: Panel): number {
  return a.y - b.y || a.x - b.x;
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
