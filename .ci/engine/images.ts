import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackPackage } from "../../scripts/stack/debian.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";
import { fetchSidServers } from "../sid.ts";

/** What Node, and a shell for everything else, need of a system. */
const BASE = ["libc6", "libgcc-s1", "libstdc++6", "libatomic1", "busybox-static"];

/** The variables of docker-compose.yml, by the target in Dockerfile. */
const VARIABLES = {
  node: "NODE_IMAGE",
  prometheus: "PROMETHEUS_IMAGE",
  alertmanager: "ALERTMANAGER_IMAGE",
  grafana: "GRAFANA_IMAGE",
};

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
/** Milliseconds for one image, and for npm's answer from inside one. */
const TIMEOUT = 120_000;

/**
 * Builds what stands in for the images that cannot be pulled.
 * @param folder to put together in what goes into them, removed afterwards
 * @param env with which docker finds its engine
 * @returns the variables that choose them
 * @throws where a package is not to be had, or a container does not reach npm's registry
 */
export async function buildStandIns(folder: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  mkdirSync(folder);
  await collect(folder);
  const docker = (...args: string[]) => run("docker", args, { env, timeout: TIMEOUT });
  const images: Record<string, string> = {};
  for (const [target, variable] of Object.entries(VARIABLES)) {
    const image = `stand-in-${target}`;
    await docker("build", "--quiet", "--target", target, "--tag", image, folder);
    images[variable] = image;
  }
  rmSync(folder, { recursive: true });
  // docker compose up builds our own image, which asks npm for its packages.
  await docker("run", "--rm", "stand-in-node", "npm", "ping");
  return images;
}

async function collect(folder: string): Promise<void> {
  const servers = join(PROJECT, ".stack/sid");
  await fetchSidServers(servers);
  for (const name of ["prometheus-debian", "alertmanager-debian"])
    cpSync(join(servers, name), join(folder, name), { recursive: true });
  for (const name of ["Dockerfile", "grafana.mjs"])
    cpSync(join(import.meta.dirname, name), join(folder, name));
  cpSync(process.execPath, join(folder, "node"));
  await collectBase(folder);
  await collectNpm(folder);
}

async function collectBase(folder: string): Promise<void> {
  const packages = join(folder, "packages");
  for (const name of BASE) await unpackPackage(name, join(packages, name));
  const trees = BASE.flatMap((name) => ["-C", join(packages, name), "."]);
  await run("tar", ["--create", "--owner=0", "--group=0", "--file", join(folder, "base.tar"), ...trees]);
  await run("rm", ["-r", packages]);
  mkdirSync(join(folder, "etc/ssl/certs"), { recursive: true });
  if (existsSync(CERTIFICATES)) cpSync(CERTIFICATES, join(folder, CERTIFICATES), { dereference: true });
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  writeFileSync(join(folder, "etc/nsswitch.conf"), "hosts: files dns\n");
}

/** The distribution's own is spread over many packages; this is the same version in one. */
async function collectNpm(folder: string): Promise<void> {
  const version = (await run("npm", ["--version"])).trim();
  const archive = await run("npm", ["pack", "--silent", `npm@${version}`], { cwd: folder, timeout: TIMEOUT });
  await run("tar", ["--extract", "--file", archive.trim()], { cwd: folder });
  await run("mv", ["package", "npm"], { cwd: folder });
  const settings = ["registry", "proxy", "https-proxy", "noproxy"];
  const lines = await Promise.all(
    settings.map(async (name) => [name, (await run("npm", ["config", "get", name])).trim()] as const),
  );
  const given = lines.filter(([, value]) => value !== "" && value !== "null");
  writeFileSync(join(folder, "npmrc"), given.map(([name, value]) => `${name}=${value}\n`).join(""));
}
