import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { suite, type TestContext, test } from "node:test";
import { fixedCollectors } from "./support/collectors.ts";
import { collected, startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

/** A server that answers by path; a function is given the request. @returns its address */
function answering(
  t: TestContext,
  answers: Record<string, unknown | ((request: IncomingMessage, url: URL) => unknown)>,
): Promise<string> {
  return listen(t, (request, response) => {
    const url = new URL(request.url ?? "", NOBODY);
    const answer = answers[url.pathname];
    if (answer === undefined) response.writeHead(404).end("{}");
    else response.end(JSON.stringify(typeof answer === "function" ? answer(request, url) : answer));
  });
}

const LABELS = { alertname: "HighCpuUsage", severity: "warning", instance: "localhost:8001" };
const ANNOTATIONS = { summary: "CPU 使用率过高：91.2%", description: "说明" };

/** Values by the beginning of the query. */
const VALUES: [query: string, value: string][] = [
  ["sum(instance:wecom_messages_errors", "0.02"],
  ["sum(instance:wecom_messages:", "50"],
  ["monitoring:error_rate_min_messages", "10"],
  ['sum(wecom_daily_messages{day="today"} offset', "100"],
  ['sum(wecom_daily_messages{day="today"})', "120"],
  ['sum(wecom_daily_messages{day="yesterday"})', "340"],
  ["sum(consultations_total", "12"],
  ["sum(cases_total", "2"],
  ["sum(wecom_messages_errors_total", "3"],
  ["sum(satisfaction_score_sum", "NaN"],
];

const RUNTIME = { data: { startTime: "2026-02-12T01:00:00.123456789Z" } };

function prometheus(t: TestContext): Promise<string> {
  return answering(t, {
    "/api/v1/status/runtimeinfo": RUNTIME,
    "/api/v1/query": (_request: IncomingMessage, url: URL) => {
      const query = url.searchParams.get("query") ?? "";
      const thresholds = [{ metric: { alert: "HighCpuUsage" }, value: [0, "80"] }];
      const value = VALUES.find(([begin]) => query.startsWith(begin))?.[1];
      const others = value === undefined ? [] : [{ metric: {}, value: [0, value] }];
      return { data: { result: query === "monitoring:threshold" ? thresholds : others } };
    },
    "/api/v1/alerts": {
      data: {
        alerts: [
          { state: "firing", labels: LABELS, annotations: ANNOTATIONS, activeAt: "2026-02-12T13:30:00Z" },
          {
            state: "firing",
            labels: { alertname: "Watchdog" },
            annotations: {},
            activeAt: "2026-02-12T13:30:00Z",
          },
        ],
      },
    },
  });
}

const TOLD = {
  ...{ channel: "email", status: "firing", state: "sent", reason: null, detail: null, attempts: 1 },
  createdAt: "2026-02-12T13:36:00Z",
  finishedAt: "2026-02-12T13:36:02Z",
};

/** @param changes to the alert that it remembers */
function relay(t: TestContext, changes: object = {}): Promise<string> {
  const alert = {
    // In another order than Prometheus has them.
    labels: Object.fromEntries(Object.entries(LABELS).reverse()),
    ...{ status: "firing", annotations: ANNOTATIONS, startsAt: "2026-02-12T13:35:00Z", endsAt: null },
    ...{ generatorURL: "http://localhost:9090/graph?g0.expr=up&g0.tab=1", notifications: [TOLD] },
    ...changes,
  };
  const channel = { setUp: true, enabled: true, sent: null, failed: null, failing: false };
  return answering(t, {
    "/api/channels": {
      alertEnabled: true,
      channels: [{ name: "email", ...channel, pending: 0, pendingSince: null }],
    },
    "/api/alerts": (_request: IncomingMessage, url: URL) => ({
      alerts: url.searchParams.get("status") === "firing" ? [alert] : [],
    }),
  });
}

suite("GET /", () => {
  test("puts together what each part knows", async (t) => {
    const env = {
      PROMETHEUS_URL: await prometheus(t),
      RELAY_URL: await relay(t),
      ALERTMANAGER_URL: await answering(t, { "/api/v2/alerts": [] }),
      GRAFANA_URL: await answering(t, { "/api/health": {} }),
    };
    const exporter = await startExporter(t, { env, collectors: fixedCollectors });
    await exporter.send([{ type: "message", outcome: "ok" }]);
    await collected(exporter);
    const page = await exporter.text("/");
    assert.match(page, /CPU 使用率过高：91\.2%/);
    assert.match(page, /邮件：21:36 已通知告警/);
    assert.match(page, /<h4>[^<]*<span[^>]*>警告<\/span> CPU 使用率过高.*21:30 开始，已持续 16 分/s);
    assert.match(page, /阈值 80%/);
    // Of all exporters, not of the one message that this one has counted.
    assert.match(page, /<dt>消息<\/dt><dd class="value">120<\/dd><dd class="quiet">昨日 340，其中到此刻 100/);
    assert.match(page, /<dt>满意度<\/dt><dd class="value">暂无评分/);
    assert.doesNotMatch(page, /没有应答。原因|Watchdog/);
  });

  test("what Alertmanager mutes is told as muted, not as a problem", async (t) => {
    const muted = [{ labels: LABELS, status: { silencedBy: ["id"], inhibitedBy: [], state: "suppressed" } }];
    const env = {
      PROMETHEUS_URL: await prometheus(t),
      ALERTMANAGER_URL: await answering(t, { "/api/v2/alerts": muted }),
      RELAY_URL: await relay(t),
      GRAFANA_URL: await answering(t, { "/api/health": {} }),
    };
    const exporter = await startExporter(t, { env, collectors: fixedCollectors });
    await collected(exporter);
    assert.match(await exporter.text("/"), /已静默：CPU 使用率过高/);
  });

  test("what Prometheus no longer says, and nobody was told the end of, is ending, not gone", async (t) => {
    const env = {
      PROMETHEUS_URL: await answering(t, {
        "/api/v1/status/runtimeinfo": RUNTIME,
        "/api/v1/query": { data: { result: [] } },
        "/api/v1/alerts": { data: { alerts: [] } },
      }),
      RELAY_URL: await relay(t),
    };
    const page = await (await startExporter(t, { env })).text("/");
    assert.match(page, /最近恢复的.*刚刚恢复<\/span> CPU 使用率过高.*恢复的通知还没有发/s);
    assert.doesNotMatch(page, /正在发生（/);
  });

  suite("what Prometheus does not know goes on for as long as the relay has not heard of its end", () => {
    const labels = { alertname: "BackupFailed", severity: "warning" };
    const failed = { labels, annotations: { summary: "每日备份没有成功", description: "磁盘已满" } };
    const pageWith = async (t: TestContext, generatorURL: string, silencedBy: string[]) => {
      const status = { silencedBy, inhibitedBy: [], state: "active" };
      const env = {
        PROMETHEUS_URL: await prometheus(t),
        RELAY_URL: await relay(t, { ...failed, generatorURL }),
        ALERTMANAGER_URL: await answering(t, { "/api/v2/alerts": [{ labels, status }] }),
      };
      return (await startExporter(t, { env })).text("/");
    };

    for (const generatorURL of ["http://localhost:8001/", ""]) {
      test(`from ${generatorURL || "nowhere"}: loud, or silenced`, async (t) => {
        const loud = await pageWith(t, generatorURL, []);
        assert.match(loud, /正在发生（2）.*每日备份没有成功.*最近恢复的/s);
        assert.doesNotMatch(loud, /已静默|刚刚恢复/);
        assert.match(await pageWith(t, generatorURL, ["id"]), /已静默：每日备份没有成功/);
      });
    }
  });

  test("comes at once though every part hangs, and says so of each", async (t) => {
    const hanging = await listen(t, () => {});
    const urls = ["PROMETHEUS_URL", "ALERTMANAGER_URL", "RELAY_URL", "GRAFANA_URL"];
    const exporter = await startExporter(t, { env: Object.fromEntries(urls.map((name) => [name, hanging])) });
    const begun = performance.now();
    const page = await exporter.text("/");
    assert.ok(performance.now() - begun < 4000);
    assert.equal(page.match(/原因：2 秒内没有应答/g)?.length, 4);
  });

  test("a part that answers something else counts as one that does not answer", async (t) => {
    const other = await listen(t, (_request, response) => response.end('"hello"'));
    const urls = ["PROMETHEUS_URL", "ALERTMANAGER_URL", "RELAY_URL"];
    const exporter = await startExporter(t, { env: Object.fromEntries(urls.map((name) => [name, other])) });
    assert.equal((await exporter.text("/")).match(/原因：应答的内容看不懂/g)?.length, 3);
  });

  test("a browser may load nothing from elsewhere, and run nothing inline", async (t) => {
    const exporter = await startExporter(t);
    const { headers } = await fetch(exporter.url);
    assert.match(
      headers.get("content-security-policy") ?? "",
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
  });

  test("every file that it names is there, to be kept for good until it changes", async (t) => {
    const exporter = await startExporter(t);
    const files = [...(await exporter.text("/")).matchAll(/"(assets\/[^"]+)"/g)].map(([, file = ""]) => file);
    assert.ok(files.length > 5);
    for (const file of files) {
      const response = await fetch(`${exporter.url}/${file}`);
      assert.equal(response.status, 200, file);
      assert.match(response.headers.get("cache-control") ?? "", /immutable/);
    }
    const older = await fetch(`${exporter.url}/assets/0123456789ab/page.js`);
    assert.deepEqual([older.status, older.headers.get("cache-control")], [200, "no-store"]);
    assert.equal((await fetch(`${exporter.url}/assets/0123456789ab/constructor`)).status, 404);
  });

  test("an address of the operator's leads nowhere else", async (t) => {
    const env = {
      PUBLIC_GRAFANA_URL: 'https://grafana.example.com/"><script>',
      GRAFANA_URL: await answering(t, { "/api/health": {} }),
    };
    const page = await (await startExporter(t, { env })).text("/");
    assert.match(
      page,
      /href="https:\/\/grafana\.example\.com\/&#34;&#62;&#60;script&#62;\/d\/wecom-overview"/,
    );
  });
});

suite("POST /api/test", () => {
  const test1 = (url: string, token = "") =>
    fetch(`${url}/api/test`, { method: "POST", headers: token ? { Authorization: `Bearer ${token}` } : {} });

  test("hands the relay its own token, and says of each channel what became of it", async (t) => {
    const asked: (string | undefined)[] = [];
    const results = [
      { channel: "wecom", sender: "第 1 个", outcome: "sent" },
      { channel: "wecom", sender: "第 2 个", outcome: "wait", until: "2026-02-12T13:47:44Z" },
      { channel: "wecom_app", outcome: "sent", undelivered: "成员没有接口许可：lisi" },
      { channel: "email", outcome: "failed", reason: "setup", detail: "邮件服务器应答 535（EAUTH）" },
    ];
    const address = await answering(t, {
      "/api/test": (request: IncomingMessage) => {
        asked.push(request.method, request.headers.authorization);
        return { results };
      },
    });
    const env = { RELAY_URL: address, RELAY_TOKEN: "of-the-relay", EXPORTER_TOKEN: "of-the-exporter" };
    const { url } = await startExporter(t, { env });
    assert.equal((await test1(url)).status, 401);
    assert.deepEqual(asked, []);
    const answer = (await (await test1(url, "of-the-exporter")).json()) as { results: { text: string }[] };
    assert.deepEqual(asked, ["POST", "Bearer of-the-relay"]);
    assert.deepEqual(answer.results, [
      { ...results[0], text: "✓ 企业微信群机器人（第 1 个）：已发出，请确认收到了。" },
      { ...results[1], text: "✗ 企业微信群机器人（第 2 个）：这一分钟的条数用完了，过一分钟再试。" },
      { ...results[2], text: "✗ 企业微信应用：已发出，但有人没收到：成员没有接口许可：lisi" },
      {
        ...results[3],
        text: "✗ 邮件：没有发出，密钥、账号或密码不对，或者机器人被移出了群（邮件服务器应答 535（EAUTH））。核对 .env，改好后执行 npm run apply，再发测试消息。",
      },
    ]);
  });

  test("a relay that refuses the exporter is no mistake of the caller's", async (t) => {
    const refusing = await listen(t, (_request, response) => response.writeHead(401).end('{"error":"no"}'));
    for (const [env, error] of [
      [{ RELAY_URL: refusing }, "the relay answers HTTP 401: no"],
      [{ RELAY_URL: await answering(t, { "/api/test": {} }) }, "the relay's answer is not one of a test"],
    ] as const) {
      const response = await test1((await startExporter(t, { env })).url);
      assert.deepEqual([response.status, await response.json()], [502, { error }]);
    }
  });
});
