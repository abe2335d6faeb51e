import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PROJECT } from "../../../scripts/stack/project.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { debianProgram } from "../../helpers/debian.ts";
import { eventually } from "../../helpers/eventually.ts";
import { freePorts } from "../../helpers/ports.ts";
import { temporaryFolder } from "../../unit/support/folder.ts";
import { ask } from "./ask.ts";

export const NAME = "monitor.example.com";
export const LOGIN = { user: "ops", password: "night-shift" };

/** The committed configuration, served by Debian's nginx. */
export interface Proxy {
  url: string;
  tls: { ca: string; servername: string };
}

/** Why Debian's nginx is not to be had, or false. */
export async function noNginx(): Promise<string | false> {
  return findNginx().then(
    () => false,
    (error: Error) => `no nginx: ${error.message}`,
  );
}

async function findNginx(): Promise<string> {
  const program = await debianProgram("nginx", "usr/sbin/nginx");
  execFileSync(program, ["-v"], { stdio: "pipe" });
  return program;
}

/** @param parts where each part really is, by the port that the configuration names */
export async function startNginx(t: TestContext, parts: Record<number, string>): Promise<Proxy> {
  const folder = temporaryFolder(t);
  // Its workers are another user, if it is root's.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "temp"), { mode: 0o777 });
  const [port = 0] = await freePorts(1);
  const { key, certificate } = makeCertificate(folder, `DNS:${NAME}`);
  copyFileSync(key, join(folder, "monitoring.key"));
  copyFileSync(certificate, join(folder, "monitoring.crt"));
  const password = execFileSync("openssl", ["passwd", "-apr1", LOGIN.password], { encoding: "utf8" });
  writeFileSync(join(folder, "monitoring.htpasswd"), `${LOGIN.user}:${password}`);
  writeFileSync(join(folder, "monitoring.conf"), configuration(folder, port, parts));
  writeFileSync(join(folder, "nginx.conf"), mainConfiguration(folder));
  const child = spawn(await findNginx(), ["-c", join(folder, "nginx.conf"), "-p", folder, "-e", "stderr"]);
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  t.after(async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  });
  const proxy = {
    url: `https://127.0.0.1:${port}`,
    tls: { ca: readFileSync(certificate, "utf8"), servername: NAME },
  };
  await eventually(`nginx answers (${said})`, () => ask(proxy.url, { tls: proxy.tls }), 20);
  return proxy;
}

/** As committed, but for the places of this machine. */
function configuration(folder: string, port: number, parts: Record<number, string>): string {
  let text = readFileSync(join(PROJECT, "docs/nginx/monitoring.conf"), "utf8")
    .replace("listen 443", `listen 127.0.0.1:${port}`)
    .replaceAll("/etc/nginx/", `${folder}/`);
  for (const [usual, url] of Object.entries(parts)) text = text.replaceAll(`http://127.0.0.1:${usual}`, url);
  return text;
}

function mainConfiguration(folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/temp/${name};`).join("\n")}
  include ${folder}/monitoring.conf;
}
`;
}
