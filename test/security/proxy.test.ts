import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createTestStack } from "../helpers/stack.ts";
import { listen } from "../unit/support/server.ts";
import { ask, type Question } from "./support/ask.ts";
import { LOGIN, NAME, noNginx, startNginx } from "./support/nginx.ts";

const basic = (password: string) => ({ Authorization: `Basic ${btoa(`${LOGIN.user}:${password}`)}` });
const RIGHT = basic(LOGIN.password);
const PAGES = [
  "/",
  "/metrics",
  "/api/status",
  "/runbooks/ServiceDown",
  "/prometheus/",
  "/alertmanager/",
  "/grafana/",
];

/** The stack with the addresses that the guide names, nginx in front of it, and a stand-in for Grafana. */
async function startBehindNginx(t: TestContext) {
  const address = `https://${NAME}`;
  const stack = await createTestStack({
    PUBLIC_EXPORTER_URL: address,
    PUBLIC_PROMETHEUS_URL: `${address}/prometheus`,
    PUBLIC_ALERTMANAGER_URL: `${address}/alertmanager`,
    PUBLIC_GRAFANA_URL: `${address}/grafana`,
  });
  t.after(() => stack.remove());
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
  const seen: Record<string, string | undefined>[] = [];
  const grafana = await listen(t, ({ url, headers }, response) => {
    seen.push({ url, host: headers.host, origin: headers.origin, authorization: headers.authorization });
    response.end("Grafana");
  });
  const { exporter, prometheus, alertmanager } = stack.urls;
  const proxy = await startNginx(t, { 8001: exporter, 9090: prometheus, 9093: alertmanager, 3000: grafana });
  const through = ({ headers, ...question }: Question) =>
    ask(proxy.url, { ...question, tls: proxy.tls, headers: { Host: NAME, ...headers } });
  return { through, seen, token: `${stack.env().EXPORTER_TOKEN}` };
}

test("behind nginx, as the guide sets it up, everything asks for a login, and works with it", {
  skip: await noNginx(),
  timeout: 120_000,
}, async (t) => {
  const { through, seen, token } = await startBehindNginx(t);
  const bearer = { Authorization: `Bearer ${token}` };
  const origin = { Origin: `https://${NAME}`, "Sec-Fetch-Site": "same-origin" };

  await t.test("nothing is read without the right password, nor with a token instead", async () => {
    for (const path of PAGES) {
      for (const headers of [{}, basic("wrong"), bearer, { Authorization: "Bearer x" }]) {
        const { status, headers: answer } = await through({ path, headers });
        assert.equal(status, 401, `${path} ${JSON.stringify(headers)}`);
        assert.match(`${answer["www-authenticate"]}`, /^Basic /, path);
      }
    }
    assert.deepEqual(seen, []);
  });

  await t.test("with it every part is reached, under the address that it was told", async () => {
    const body = async (path: string) => {
      const { status, body, headers } = await through({ path, headers: RIGHT });
      return status === 200 ? body : `${status} ${headers.location}`;
    };
    assert.match(await body("/"), /<title>/);
    assert.match(await body("/metrics"), /^monitoring_enabled 1$/m);
    assert.match(await body("/prometheus/api/v1/query?query=up"), /"status":"success"/);
    assert.match(await body("/prometheus/"), /^302 \/prometheus\/[\w/]+$/);
    assert.match(await body("/alertmanager/api/v2/status"), /"versionInfo"/);
    assert.equal(await body("/grafana/d/wecom-overview?from=now-1h"), "Grafana");
  });

  await t.test("Prometheus lets no page of another origin read it", async () => {
    const path = "/prometheus/api/v1/query?query=up";
    const { headers } = await through({ path, headers: { ...RIGHT, Origin: "https://evil.example" } });
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  await t.test("Grafana sees the browser's own host and origin, and not this login", async () => {
    await through({ method: "POST", path: "/grafana/api/x", headers: { ...RIGHT, ...origin } });
    assert.deepEqual(seen.at(-1), {
      url: "/api/x",
      host: NAME,
      origin: `https://${NAME}`,
      authorization: undefined,
    });
  });

  await t.test("a write needs the token besides, and the page's buttons send nothing else", async () => {
    const write = (path: string, headers: object, body = "") =>
      through({ method: "POST", path, headers: { ...origin, ...headers }, body });
    for (const path of ["/events", "/api/monitoring/start"]) {
      assert.equal((await write(path, {})).status, 401, path);
      const wrong = await write(path, { Authorization: "Bearer wrong" });
      // The exporter's own, so that no browser asks for a password again.
      assert.match(`${wrong.status} ${wrong.headers["www-authenticate"]}`, /^401 Bearer /);
      assert.equal((await write(path, RIGHT)).status, 401, path);
    }
    // A token is a login where the exporter looks at it, and nowhere else.
    for (const path of ["/", "/metrics", "/events/x", "/api/monitoring", "/prometheus/api/v1/query"])
      assert.equal((await write(path, bearer, "x")).status, 401, path);
    assert.equal((await write("/events", bearer, '{"type":"case"}')).status, 202);
    assert.equal((await write("/api/monitoring/start", bearer)).status, 200);
  });

  await t.test(
    "a silence can be made; another site cannot make one, nor anybody stop Prometheus",
    async () => {
      const silence = JSON.stringify({
        matchers: [{ name: "alertname", value: "HighCpuUsage", isRegex: false }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 60_000).toISOString(),
        createdBy: "ops",
        comment: "test",
      });
      const make = (headers: object) =>
        through({
          method: "POST",
          path: "/alertmanager/api/v2/silences",
          headers: { ...RIGHT, "Content-Type": "application/json", ...headers },
          body: silence,
        });
      assert.equal((await make(origin)).status, 200);
      for (const site of ["cross-site", "same-site"])
        assert.equal((await make({ "Sec-Fetch-Site": site })).status, 403, site);
      assert.equal(
        (await through({ path: "/", headers: { ...RIGHT, "Sec-Fetch-Site": "cross-site" } })).status,
        200,
      );
      for (const path of [
        "/prometheus/-/quit",
        "/prometheus/%2d/quit",
        "/prometheus//-/quit",
        "/prometheus/api/v1/admin/tsdb/delete_series",
        "/x/../prometheus/-/reload",
        "/prometheus/debug/pprof/heap",
        "/alertmanager/debug/pprof/heap",
      ]) {
        for (const headers of [{ ...RIGHT }, bearer]) {
          const { status } = await through({ method: "POST", path, headers: { ...headers, ...origin } });
          assert.ok(status === 404 || status === 401, `${path}: ${status}`);
        }
      }
      assert.equal(
        (await through({ path: "/prometheus/api/v1/query?query=up", headers: RIGHT })).status,
        200,
      );
    },
  );
});
