import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { PART_TITLES, type PartName, type Ports, portSetting } from "./addresses.ts";
import { StackError } from "./project.ts";

/** A port that somebody listens on. */
export interface TakenPort {
  part: PartName;
  port: number;
  /** For the operator, where the system tells. */
  owner: string;
}

/**
 * Before anything is started.
 * @param names the parts about to listen on this machine
 * @throws {StackError} naming every port that somebody else listens on, and the owner where the system tells
 */
export async function refuseTakenPorts(names: PartName[], ports: Ports): Promise<void> {
  const lines = (await findTakenPorts(names, ports)).map(
    ({ part, port, owner }) =>
      `端口 ${port}（${PART_TITLES[part]}）已被占用：${owner}。请停掉那个程序，或者修改 ${portSetting(part)}`,
  );
  if (lines.length > 0) throw new StackError(lines.join("\n"));
}

/** @param names parts that do not run, but would listen on this machine */
export async function findTakenPorts(names: PartName[], ports: Ports): Promise<TakenPort[]> {
  const taken: TakenPort[] = [];
  for (const part of names) {
    const port = ports[part];
    if (await isFree("127.0.0.1", port)) continue;
    taken.push({ part, port, owner: findOwner(port) ?? "查不到是哪个程序" });
  }
  return taken;
}

/** Whether a server can listen on it. */
export function isOwnAddress(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(0, host, () => server.close(() => resolve(true)));
  });
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Anything else, such as a port that needs root, is for the part itself to tell.
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** For example "nginx（进程 1234）". Linux only: the listening socket's inode, then the process that holds it open. */
function findOwner(port: number): string | undefined {
  try {
    const inodes = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (holdsOne(pid, inodes)) return `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()}（进程 ${pid}）`;
    }
  } catch {
    // Not Linux, or not allowed to look.
  }
  return undefined;
}

/** State 0A is LISTEN (https://docs.kernel.org/networking/proc_net_tcp.html). */
function listeningInodes(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return ["/proc/net/tcp", "/proc/net/tcp6"].filter(existsSync).flatMap((table) =>
    readFileSync(table, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === "0A")
      .map((fields) => fields[9] ?? ""),
  );
}

function holdsOne(pid: string, sockets: Set<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((descriptor) => {
      try {
        return sockets.has(readlinkSync(`${folder}/${descriptor}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
