import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { readExpected } from "../../scripts/stack/expected.ts";
import { PROJECT, StackError } from "../../scripts/stack/project.ts";
import { filesUnder, renderer } from "./support/rendering.ts";

suite("with the defaults", () => {
  test("every file means what the committed one does", (t) => {
    const { read, render } = renderer(t);
    render({ config: { collectInterval: 15 } });
    const files = ["prometheus", "alertmanager", "grafana/dashboards"].flatMap((folder) =>
      filesUnder(PROJECT, folder).filter((file) => !file.endsWith(".ts") && !file.includes("relay/")),
    );
    assert.ok(files.includes("prometheus/rules/thresholds.yml"));
    for (const file of files) {
      assert.deepEqual(parse(read(file)), parse(readFileSync(join(PROJECT, file), "utf8")), file);
    }
  });

  test("thresholds.yml keeps every byte", (t) => {
    const { read, render } = renderer(t);
    render();
    const file = "prometheus/rules/thresholds.yml";
    assert.equal(read(file), readFileSync(join(PROJECT, file), "utf8"));
  });
});

suite("the operator's values", () => {
  test("become the thresholds, and nothing else in the file changes", (t) => {
    const { read, render } = renderer(t);
    const thresholds = {
      responseTime: 2.5,
      errorRate: 0.02,
      cpu: 71,
      memory: 72,
      disk: 73,
      diskFullHours: 12,
      errorRateMinMessages: 7,
      messageGrowth: 3,
      messageGrowthFloor: 500,
    };
    render({ config: { thresholds } });
    const file = "prometheus/rules/thresholds.yml";
    const committed = readFileSync(join(PROJECT, file), "utf8").split("\n");
    const changed = read(file)
      .split("\n")
      .filter((line, index) => line !== committed[index]);
    assert.deepEqual(
      changed.map((line) => line.trim()),
      [
        "expr: 71 # percent",
        "expr: 72 # percent",
        "expr: 73 # percent",
        "expr: 12 # hours until it is full",
        "expr: 2.5 # seconds",
        "expr: 0.02 # errors per message",
        "expr: 7",
        "expr: 3 # today's messages, times yesterday's",
        "expr: 500",
      ],
    );
  });

  test("alerts on services wait for two probes, however far apart, and say so", (t) => {
    const { read, render } = renderer(t);
    const waits = (collectInterval: number) => {
      render({ config: { collectInterval } });
      const text = read("prometheus/rules/services.yml");
      return [text.match(/(?<=for: )\d+m(?=\n)/g), text.match(/连续 \d+ 分钟/g)].map(String);
    };
    assert.deepEqual(waits(15), ["1m,3m,2m,3m", "连续 1 分钟,连续 2 分钟"]);
    assert.deepEqual(waits(60), ["3m,3m,3m,3m", "连续 3 分钟,连续 3 分钟"]);
    assert.deepEqual(waits(300), ["11m,3m,11m,3m", "连续 11 分钟,连续 11 分钟"]);
  });

  test("addresses for people become the links in rules and dashboards", (t) => {
    const { read, render } = renderer(t);
    const publicUrls = {
      exporter: "https://m.example.com",
      grafana: "https://g.example.com/grafana",
      prometheus: "https://p.example.com",
    };
    render({ publicUrls });
    const rules = read("prometheus/rules/services.yml");
    assert.match(rules, /runbook_url: https:\/\/m\.example\.com\/runbooks\/ServiceDown\n/);
    assert.match(rules, /dashboard_url: https:\/\/g\.example\.com\/grafana\/d\//);
    for (const folder of ["prometheus/rules", "grafana/dashboards"]) {
      for (const file of filesUnder(PROJECT, folder))
        assert.doesNotMatch(read(file), /localhost:[389]0/, file);
    }
    assert.match(read("grafana/dashboards/overview.json"), /"query": "https:\/\/p\.example\.com"/);
  });

  test("a port that begins like another one does not mix up the links", (t) => {
    const { read, render } = renderer(t);
    render({ publicUrls: { exporter: "http://localhost:30001", grafana: "https://g.example.com" } });
    assert.match(read("prometheus/rules/services.yml"), /runbook_url: http:\/\/localhost:30001\/runbooks\//);
  });
});

suite("scrape targets", () => {
  test("become the parts' addresses, and what the operator added stays", (t) => {
    const { project, read, render } = renderer(t);
    appendFileSync(
      join(project, "prometheus/targets/wecom_legal_service.yml"),
      "    - 10.0.0.2:8001 # 第二台\n",
    );
    render({ addresses: { exporter: "exporter:9001" } });
    const file = read("prometheus/targets/wecom_legal_service.yml");
    assert.deepEqual(parse(file), [{ targets: ["exporter:9001", "10.0.0.2:8001"] }]);
    assert.match(file, /# 第二台/);
    assert.match(file, /^# The exporters, one a host/);
  });

  test("a part that is not there is not scraped", (t) => {
    const { read, render } = renderer(t);
    render({ addresses: { grafana: undefined } });
    assert.deepEqual(parse(read("prometheus/targets/grafana.yml")), [{ targets: [] }]);
  });
});

suite("Alertmanager", () => {
  const webhooks = (text: string) =>
    (parse(text).receivers as { webhook_configs: { url: string; http_config?: unknown }[] }[]).flatMap(
      (receiver) => receiver.webhook_configs.map(({ url, http_config }) => [url, http_config]),
    );
  const http = { authorization: { type: "Bearer", credentials_file: "/secrets/relay_token" } };

  test("finds the relay, and shows its token by file", (t) => {
    const { read, render } = renderer(t);
    render({ addresses: { relay: "relay:9002" }, relayTokenFile: "/secrets/relay_token" });
    assert.deepEqual(webhooks(read("alertmanager/alertmanager.yml")), [
      ["http://relay:9002/alerts", http],
      ["http://relay:9002/watchdog", http],
      ["http://relay:9002/alerts", http],
    ]);
  });

  test("keeps its comments", (t) => {
    const { read, render } = renderer(t);
    render({ addresses: { relay: "relay:9002" }, relayTokenFile: "/secrets/relay_token" });
    assert.match(read("alertmanager/alertmanager.yml"), /# A service that does not answer is slow too/);
  });

  test("an operator's own webhook does not get the relay's token", (t) => {
    const { project, read, render } = renderer(t);
    const own = "  - name: own\n    webhook_configs:\n      - url: https://example.com/hook\n";
    appendFileSync(join(project, "alertmanager/alertmanager.yml"), own);
    render({ relayTokenFile: "/secrets/relay_token" });
    const last = webhooks(read("alertmanager/alertmanager.yml")).at(-1);
    assert.deepEqual(last, ["https://example.com/hook", undefined]);
  });
});

suite("an operator's mistake is told by the file in the checkout, in Chinese", () => {
  const THRESHOLDS = "prometheus/rules/thresholds.yml";
  const ALERTMANAGER = "alertmanager/alertmanager.yml";
  const MISTAKES: [what: string, file: string, change: (text: string) => string, message: string][] = [
    [
      "a threshold that is gone",
      THRESHOLDS,
      (text) => text.replace("alert: HighCpuUsage", "alert: HighGpuUsage"),
      `${THRESHOLDS} 里缺少 HighCpuUsage 的规则，请恢复它：git restore ${THRESHOLDS}`,
    ],
    [
      "broken YAML",
      THRESHOLDS,
      (text) => text.replace("    rules:", "\trules:"),
      `${THRESHOLDS}:5 不是正确的 YAML：缩进只能用空格，不能用制表符`,
    ],
    [
      "no threshold at all",
      THRESHOLDS,
      () => "",
      `${THRESHOLDS} 里缺少 HighCpuUsage 的规则，请恢复它：git restore ${THRESHOLDS}`,
    ],
    [
      "no route at all",
      ALERTMANAGER,
      () => "",
      `${ALERTMANAGER} 里缺少 receivers，请恢复它：git restore ${ALERTMANAGER}`,
    ],
    [
      "another kind of broken YAML",
      ALERTMANAGER,
      () => "receivers: @x\n",
      `${ALERTMANAGER}:1 不是正确的 YAML：请检查缩进、冒号和引号`,
    ],
  ];
  for (const [what, file, change, message] of MISTAKES) {
    test(what, (t) => {
      const { project, out, render } = renderer(t);
      writeFileSync(join(project, file), change(readFileSync(join(project, file), "utf8")));
      assert.throws(render, (error: Error) => error instanceof StackError && error.message === message);
      assert.deepEqual(readdirSync(out), []);
    });
  }

  for (const name of [THRESHOLDS, ALERTMANAGER, "prometheus/targets/relay.yml", "grafana/dashboards"]) {
    test(`no ${name}`, (t) => {
      const { project, render } = renderer(t);
      rmSync(join(project, name), { recursive: true });
      assert.throws(render, (error: Error) => {
        assert.equal(error.message, `找不到 ${name}，请恢复它：git restore ${name}`);
        return error instanceof StackError;
      });
    });
  }

  test("a receiver without anything in it is left to amtool", (t) => {
    const { project, read, render } = renderer(t);
    const own = "  - name: own\n    webhook_configs:\n  -\n";
    appendFileSync(join(project, ALERTMANAGER), own);
    render({ relayTokenFile: "/secrets/relay_token" });
    assert.match(read(ALERTMANAGER), /name: own/);
  });

  test("files with nothing in them hold no rule and no target", (t) => {
    const { project, render } = renderer(t);
    const before = readExpected(render().folder).prometheus;
    writeFileSync(join(project, "prometheus/rules/own.yml"), "groups: # 暂时没有\n");
    writeFileSync(join(project, "prometheus/targets/relay.yml"), "");
    const { rules, targets } = readExpected(render().folder).prometheus;
    assert.deepEqual(rules, before.rules);
    assert.deepEqual(targets, { ...before.targets, relay: [] });
  });
});

suite("a rendering", () => {
  test("holds the config.ini that it was made from", (t) => {
    const { read, render } = renderer(t);
    render({ configText: "[monitoring] ; 旧的\n" });
    assert.equal(read("config.ini"), "[monitoring] ; 旧的\n");
  });

  test("keeps its hash and folder when nothing has changed, and is another one when something has", (t) => {
    const { out, render } = renderer(t);
    const first = render();
    const { ino } = lstatSync(join(out, first.hash));
    assert.deepEqual(render(), first);
    assert.equal(lstatSync(first.folder).ino, ino);
    const others = [
      render({ publicUrls: { grafana: "https://g.example.com" } }),
      render({ configText: "[monitoring]\nenabled = false\n" }),
    ];
    const folders = [first, ...others].map(({ hash }) => hash);
    assert.deepEqual(readdirSync(out).sort(), folders.sort());
  });

  test("is not current by itself", (t) => {
    const { out, render } = renderer(t);
    render();
    assert.ok(!existsSync(join(out, "current")));
  });

  test("does not take over what another one left half done", (t) => {
    const { out, render } = renderer(t);
    const { hash } = render();
    mkdirSync(join(out, `.draft-${process.pid}`));
    writeFileSync(join(out, `.draft-${process.pid}`, "half"), "half");
    assert.equal(render().hash, hash);
  });

  test("a rendering that was edited by hand is made anew", (t) => {
    const { read, render } = renderer(t);
    const file = join(render().folder, "prometheus/rules/thresholds.yml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("expr: 80", "expr: 99"));
    render();
    assert.equal(read("prometheus/rules/thresholds.yml"), text);
  });

  test("the checkout is not touched", (t) => {
    const { project, render } = renderer(t);
    const contents = () =>
      ["prometheus", "alertmanager", "grafana"].flatMap((folder) =>
        filesUnder(project, folder).map((file) => [file, readFileSync(join(project, file), "utf8")]),
      );
    const before = contents();
    render({ addresses: { relay: "relay:1" }, publicUrls: { grafana: "https://g.example.com" } });
    assert.deepEqual(contents(), before);
  });
});
