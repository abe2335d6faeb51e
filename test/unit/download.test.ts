import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { downloadRelease } from "../../scripts/stack/download.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { releaseOf } from "../../scripts/stack/releases.ts";
import { serve } from "../../service/http.ts";
import { temporaryFolder } from "./support/folder.ts";

/** A place to download from: one archive and the list of its checksum. */
async function startMirror(t: TestContext, { sum }: { sum?: string } = {}) {
  const work = temporaryFolder(t);
  mkdirSync(join(work, "server-1.0"));
  writeFileSync(join(work, "server-1.0/server"), "#!/bin/sh\n");
  const archive = join(work, "server-1.0.tar.gz");
  execFileSync("tar", ["-czf", archive, "-C", work, "server-1.0"]);
  const bytes = readFileSync(archive);
  const right = createHash("sha256").update(bytes).digest("hex");
  const server = await serve(
    (request, response) => {
      if (request.url === "/server-1.0.tar.gz") response.end(bytes);
      else if (request.url === "/sums")
        response.end(`${"0".repeat(64)}  other.tar.gz\n${sum ?? right}  server-1.0.tar.gz\n`);
      else response.writeHead(404).end();
    },
    "127.0.0.1",
    0,
  );
  t.after(() => server.close());
  const folder = join(work, "servers/server");
  const release = {
    version: "1.0",
    url: `${server.url}/server-1.0.tar.gz`,
    sha256: undefined,
    sha256Urls: [] as string[],
  };
  return { url: server.url, folder, right, release };
}

/** A place that has nothing, and keeps what it was asked for. */
async function startEmptyMirror(t: TestContext): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url ?? "");
    response.writeHead(404).end();
  };
  const server = await serve(answer, "127.0.0.1", 0);
  t.after(() => server.close());
  return { url: server.url, asked };
}

const quiet = () => {};

test("a release is checked against the pinned checksum and unpacked", async (t) => {
  const { release, folder, right } = await startMirror(t);
  await downloadRelease({ ...release, sha256: right }, folder, quiet);
  assert.deepEqual(readdirSync(folder), ["server"]);
  assert.deepEqual(readdirSync(join(folder, "..")), ["server"]);
});

test("where none is pinned, against the published one; the next address where the first has none", async (t) => {
  const { release, folder, url } = await startMirror(t);
  await downloadRelease({ ...release, sha256Urls: [`${url}/missing`, `${url}/sums`] }, folder, quiet);
  assert.deepEqual(readdirSync(folder), ["server"]);
});

test("an archive that is not what was pinned or published is refused, and nothing of it stays", async (t) => {
  const { release, folder, url } = await startMirror(t, { sum: "1".repeat(64) });
  await assert.rejects(
    downloadRelease({ ...release, sha256: "f".repeat(64) }, folder, quiet),
    /校验和不符：应为 f{64}/,
  );
  await assert.rejects(
    downloadRelease({ ...release, sha256Urls: [`${url}/sums`] }, folder, quiet),
    /校验和不符：应为 1{64}/,
  );
  assert.deepEqual(readdirSync(join(folder, "..")), []);
});

test("a release that is not there is refused with the reason", async (t) => {
  const { release, folder, url } = await startMirror(t);
  const gone = { ...release, url: `${url}/gone.tar.gz` };
  await assert.rejects(downloadRelease(gone, folder, quiet), /无法下载 127\.0\.0\.1:\d+（HTTP 404）/);
  assert.ok(!existsSync(folder));
});

test("Grafana comes from its mirror, under the path that it has at home", async (t) => {
  const { url, asked } = await startEmptyMirror(t);
  const home = releaseOf("grafana", {});
  const release = releaseOf("grafana", { GRAFANA_MIRROR: `${url}/mirror/` });
  await assert.rejects(downloadRelease(release, join(temporaryFolder(t), "grafana"), quiet), /HTTP 404/);
  assert.deepEqual(asked, [`/mirror${new URL(home.url).pathname}`]);
});

test("a mirror may want the whole address after its own", () => {
  const GITHUB_MIRROR = "https://mirror.example.com/https://github.com";
  for (const server of ["prometheus", "alertmanager"] as const) {
    const home = releaseOf(server, {});
    const mirrored = releaseOf(server, { GITHUB_MIRROR });
    assert.equal(mirrored.url, `https://mirror.example.com/${home.url}`);
    assert.equal(mirrored.sha256Urls[1], `https://mirror.example.com/${home.sha256Urls[0]}`);
  }
});

test("npm takes every package from the registry it is told of, wherever the lock file was made", async (t) => {
  const { url, asked } = await startEmptyMirror(t);
  const folder = temporaryFolder(t);
  for (const name of ["package.json", "package-lock.json", ".npmrc"])
    copyFileSync(join(PROJECT, name), join(folder, name));
  // As in the Dockerfile.
  const args = [
    "ci",
    "--omit=dev",
    "--omit=optional",
    `--cache=${join(folder, "cache")}`,
    "--fetch-retries=0",
  ];
  const env = { PATH: process.env.PATH, HOME: folder, npm_config_registry: url };
  await assert.rejects(promisify(execFile)("npm", args, { cwd: folder, env }), /E404/);
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  const missing = Object.keys(dependencies).filter((name) => !asked.includes(`/${name}`));
  assert.deepEqual(missing, []);
});

test("a mirror replaces the address of the archive, and comes last for its checksum", () => {
  const { url, sha256Urls } = releaseOf("prometheus", {
    GITHUB_MIRROR: "https://mirror.example.com/github/",
  });
  assert.match(
    url,
    /^https:\/\/mirror\.example\.com\/github\/prometheus\/prometheus\/releases\/download\/v[\d.]+\/prometheus-/,
  );
  assert.match(sha256Urls[0] ?? "", /^https:\/\/github\.com\//);
  assert.match(sha256Urls[1] ?? "", /^https:\/\/mirror\.example\.com\//);
});
