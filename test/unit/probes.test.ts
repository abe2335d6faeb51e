import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { PATIENT, probe } from "./support/probe.ts";
import { listen } from "./support/server.ts";
import { listenTls } from "./support/tls-server.ts";
import { until } from "./support/until.ts";

const SKIP_TLS = spawnSync("openssl", ["version"]).status !== 0 && "openssl is not on the PATH";

suite("a service over TLS", { skip: SKIP_TLS }, () => {
  test("with a certificate that nobody vouches for is down", async (t) => {
    const { url } = await listenTls(t);
    assert.equal((await probe(url)).up, 0);
  });

  test("is up where its certificate is trusted", async (t) => {
    const { url, certificate } = await listenTls(t);
    assert.equal(await probeTrusting(certificate, url), 1);
  });

  test("with the certificate of another name is down", async (t) => {
    const { url, certificate } = await listenTls(t);
    assert.equal(await probeTrusting(certificate, url.replace("127.0.0.1", "localhost")), 0);
  });

  test("is where plain HTTP redirects to, with the same scrutiny", async (t) => {
    const { url, certificate } = await listenTls(t);
    const plain = await listen(t, (_request, response) => response.writeHead(301, { Location: url }).end());
    assert.equal(await probeTrusting(certificate, plain), 1);
    assert.equal((await probe(plain)).up, 0);
  });
});

suite("a service", () => {
  test("that redirects in a circle is down", async (t) => {
    const url = await listen(t, (_request, response) => response.writeHead(302, { Location: "/" }).end());
    const { up, seconds } = await probe(url);
    assert.equal(up, 0);
    assert.ok(seconds < PATIENT, `${seconds}`);
  });

  test("that never stops answering is up, and little of it is taken", async (t) => {
    let sent = 0;
    let closed = false;
    const chunk = Buffer.alloc(1 << 16);
    const url = await listen(t, (_request, response) => {
      const write = () => {
        do sent += chunk.length;
        while (!closed && response.write(chunk));
      };
      response.on("drain", write).on("close", () => {
        closed = true;
      });
      response.writeHead(200);
      write();
    });
    assert.equal((await probe(url)).up, 1);
    await until("the connection is closed", () => closed);
    assert.ok(sent < 16 << 20, `${sent} bytes`);
  });

  test("that drops the connection is down at once", async (t) => {
    const url = await listenRaw(t);
    const { up, seconds } = await probe(url);
    assert.equal(up, 0);
    assert.ok(seconds < PATIENT / 2, `${seconds}`);
  });

  test("whose name there is not is down at once", async () => {
    const { up, seconds } = await probe("http://no-such-service.invalid");
    assert.equal(up, 0);
    assert.ok(seconds < PATIENT, `${seconds}`);
  });
});

/** The probe's `up` in a process that trusts one more certificate: Node reads them when it starts. */
async function probeTrusting(certificate: string, url: string): Promise<number> {
  const module = JSON.stringify(join(import.meta.dirname, "support/probe.ts"));
  const script = `import { PATIENT, probe } from ${module}; console.log((await probe(process.argv[1])).up);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script, url],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate } },
  );
  return Number(stdout);
}

/** Takes a connection and resets it. @returns the address */
async function listenRaw(t: TestContext): Promise<string> {
  const server = createServer((socket) => {
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}
