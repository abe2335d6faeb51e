import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { suite, type TestContext, test } from "node:test";
import { PATIENCE, serve } from "../../service/http.ts";
import { ask } from "./support/ask.ts";
import { SERVICES, startService } from "./support/services.ts";

const HEAD = "POST /events HTTP/1.1\r\nHost: localhost\r\n";

/** Never comes to an end. */
const HEADS = ["", "P", "POST /events HTTP/1.1\r\n", `${HEAD}X-Slow: `];
const BODIES = [`${HEAD}Content-Length: 1000\r\n\r\n{`, `${HEAD}Transfer-Encoding: chunked\r\n\r\nffff\r\n{`];

/** Sends a beginning, then a byte now and then. @returns what is answered until the other side hangs up */
async function dribble(t: TestContext, url: string, beginning: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(beginning);
  const drops = setInterval(() => socket.writable && beginning && socket.write("x"), 100);
  t.after(() => clearInterval(drops));
  t.after(() => socket.destroy());
  // A byte that was on its way makes a reset of it.
  return text(socket).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ECONNRESET") throw error;
    return "";
  });
}

test("whoever does not come to the end of a head is hung up on, and others are served meanwhile", async (t) => {
  const services = await Promise.all(SERVICES.map((name) => startService(t, name)));
  const begun = Date.now();
  const slow = services.flatMap(({ url }) =>
    [...HEADS, ...HEADS].map((beginning) => dribble(t, url, beginning)),
  );
  for (const { url } of services) assert.equal((await ask(url, { path: "/metrics" })).status, 200);
  await Promise.all(slow);
  const seconds = (Date.now() - begun) / 1000;
  assert.ok(seconds < (PATIENCE.head * 2) / 1000, `after ${seconds} s`);
});

suite("a request that takes too long", () => {
  test("is answered 408, and nobody has read it", async (t) => {
    let handled = 0;
    const server = await serve(
      (request, response) => {
        request.on("end", () => {
          handled += 1;
          response.end();
        });
        request.on("error", () => {});
        request.resume();
      },
      "127.0.0.1",
      0,
      { head: 300, request: 600 },
    );
    t.after(() => server.close());
    for (const answer of await Promise.all(BODIES.map((beginning) => dribble(t, server.url, beginning))))
      assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.equal(handled, 0);
  });
});

for (const name of SERVICES) {
  test(`the ${name} refuses a head of more than 16 KiB, and what is no HTTP`, async (t) => {
    const { url } = await startService(t, name);
    const head = await ask(url, { path: "/metrics", headers: { "X-Long": "x".repeat(17 * 1024) } });
    assert.equal(head.status, 431);
    const smuggled = `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    for (const garbage of ["\u0000\r\n\r\n", smuggled, "GET / HTTP/1.1\r\n\r\n"])
      assert.match(await dribble(t, url, garbage), /^HTTP\/1\.1 400 /, JSON.stringify(garbage));
  });
}
