import assert from "node:assert/strict";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { ask } from "./support/ask.ts";
import { SERVICES, startService } from "./support/services.ts";

/** What leads up, as browsers and programs write it, once and twice encoded. */
const UP = [
  "../",
  "..%2f",
  "%2e%2e/",
  "%2e%2e%2f",
  "..%5c",
  "..\\",
  "..%252f",
  "....//",
  ".%00./",
  "%c0%ae%c0%ae/",
];
const WANTED = ["package.json", ".env", "etc/passwd", "config/config.ini"];
/** Where something is looked up by name. */
const DOORS = ["/", "//", "/runbooks/", "/runbooks//", "/api/", "/page/", "/./"];

const PATHS = [
  ...DOORS.flatMap((door) => UP.flatMap((up) => WANTED.map((wanted) => `${door}${up.repeat(8)}${wanted}`))),
  ...WANTED.flatMap((wanted) => DOORS.map((door) => `${door}${wanted}`)),
  ...["/runbooks/ServiceDown%00.png", "/runbooks/%00", "/runbooks/.", "/runbooks/..", "/runbooks/__proto__"],
  ...["/runbooks/constructor", "/runbooks/ServiceDown.md", "/runbooks/ServiceDown/..%2fREADME"],
  ...["/%E0%A4%A", "/%", "/runbooks/%", `/runbooks/${"a".repeat(4000)}`, "/;/etc/passwd", "/.git/config"],
];

for (const name of SERVICES) {
  test(`no path leads out of the ${name}: ${PATHS.length} of them are not found, and name no folder`, async (t) => {
    const { url } = await startService(t, name);
    for (const path of PATHS) {
      const { status, body } = await ask(url, { path });
      assert.ok([400, 403, 404].includes(status), `${path}: ${status}`);
      assert.doesNotMatch(body, /root:|wecom-legal-monitoring|metrics_port/, path);
      assert.ok(!body.includes(PROJECT), path);
    }
  });
}
