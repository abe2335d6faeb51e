import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ask } from "./support/ask.ts";
import { ANSWERS, READS, SERVICES, startService, WRITES } from "./support/services.ts";

const TOKEN = "s3cret-token";
const ENV = { EXPORTER_TOKEN: TOKEN, RELAY_TOKEN: TOKEN };

/** What is no `Authorization: Bearer <token>`. */
const WRONG: Record<string, string>[] = [
  {},
  { Authorization: "" },
  { Authorization: "Bearer" },
  { Authorization: "Bearer " },
  { Authorization: `Bearer ${TOKEN}x` },
  { Authorization: `Bearer ${TOKEN.slice(0, -1)}` },
  { Authorization: `Bearer ${TOKEN.toUpperCase()}` },
  { Authorization: TOKEN },
  { Authorization: `Basic ${btoa(`:${TOKEN}`)}` },
  { Cookie: `token=${TOKEN}` },
  { "X-Api-Key": TOKEN },
];

/** What a browser says of a page that is not ours. */
const FOREIGN: Record<string, string>[] = [
  { Origin: "https://evil.example" },
  { Origin: "null" },
  { Origin: "http://localhost:1" },
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
];

for (const name of SERVICES) {
  suite(`the ${name} with a token`, () => {
    test("takes no write without it, wherever else it is", async (t) => {
      const { url } = await startService(t, name, ENV);
      for (const [path, body] of Object.entries(WRITES[name])) {
        for (const headers of WRONG) {
          const answer = await ask(url, { method: "POST", path, headers, body });
          assert.equal(answer.status, 401, `${path} ${JSON.stringify(headers)}`);
          assert.match(`${answer.headers["www-authenticate"]}`, /^Bearer /);
        }
        const inQuery = await ask(url, { method: "POST", path: `${path}?token=${TOKEN}`, body });
        assert.equal(inQuery.status, 401, path);
        const headers = { Authorization: `Bearer ${TOKEN}` };
        const taken = await ask(url, { method: "POST", path, headers, body });
        const expected =
          name === "exporter" && path === "/api/test" ? 502 : body.startsWith('{"type') ? 202 : 200;
        assert.equal(taken.status, expected, `${path}: ${taken.body}`);
      }
    });

    test("is read without", async (t) => {
      const { url } = await startService(t, name, ENV);
      for (const path of READS[name]) {
        assert.equal((await ask(url, { path })).status, ANSWERS[`${name}${path}`] ?? 200, path);
      }
    });
  });

  suite(`the ${name} without a token`, () => {
    test("takes no write from a page of another origin, also as a form would send it", async (t) => {
      const { url } = await startService(t, name);
      const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
      for (const [path, body] of Object.entries(WRITES[name])) {
        for (const foreign of FOREIGN) {
          for (const type of types) {
            const headers = { ...foreign, "Content-Type": type };
            const answer = await ask(url, { method: "POST", path, headers, body });
            assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
          }
        }
      }
    });

    test("takes no write by GET, which an image on any page sends", async (t) => {
      const { url } = await startService(t, name);
      for (const path of Object.keys(WRITES[name])) {
        assert.equal((await ask(url, { path })).status, 404, path);
      }
    });
  });

  test(`the ${name} lets no page of another origin read its answers`, async (t) => {
    const { url } = await startService(t, name);
    for (const path of READS[name]) {
      for (const method of ["GET", "OPTIONS"]) {
        const { headers } = await ask(url, { method, path, headers: { Origin: "https://evil.example" } });
        const cors = Object.keys(headers).filter((header) => header.startsWith("access-control-"));
        assert.deepEqual(cors, [], `${method} ${path}`);
      }
    }
  });
}
