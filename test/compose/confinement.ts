import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import type { ComposeStack, Service } from "./stack.ts";

/** What the kernel says of the container's first process. */
export interface Rights {
  /** Real, effective, saved and of the file system. */
  users: number[];
  /** Its own and the supplementary ones. */
  groups: number[];
  /** Inheritable, permitted, effective, bounding and ambient. */
  capabilities: bigint;
  gainsNone: boolean;
}

export function readRights(pid: number): Rights {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const values = (pattern: RegExp) => [...status.matchAll(pattern)].map(([, value = ""]) => value);
  const ids = (pattern: RegExp) => values(pattern).flatMap((list) => list.trim().split(/\s+/).map(Number));
  return {
    users: ids(/^Uid:\s+(.+)$/gm),
    groups: ids(/^G(?:id|roups):\s+(.+)$/gm),
    capabilities: values(/^Cap\w+:\s+(\w+)$/gm).reduce((all, set) => all | BigInt(`0x${set}`), 0n),
    gainsNone: values(/^NoNewPrivs:\s+(\d)$/gm).join() === "1",
  };
}

/** Writes a file into every folder that the container sees, the host's apart, and answers with those that took it. */
const TRY_EVERYWHERE = `
find / -path /proc -prune -o -path /sys -prune -o -path /host -prune -o -type d -print 2>/dev/null |
while read -r folder; do
  if (: > "$folder/.tried") 2>/dev/null; then rm "$folder/.tried"; echo "$folder"; fi
done`;

/** The folders that the service's own user can write to, those inside one of them left out. */
export async function writableFolders(stack: ComposeStack, service: Service): Promise<string[]> {
  const folders = (await stack.inside(service, "sh", "-c", TRY_EVERYWHERE)).trim().split("\n").sort();
  return folders.filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));
}

/** Of the container's view of the host: where a file system is mounted that is not read-only. */
export function writableMounts(pid: number, root: string): string[] {
  return readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(
      ([, , , , place = "", options = ""]) => isBelow(place, root) && !options.split(",").includes("ro"),
    )
    .map(([, , , , place = ""]) => place);
}

function isBelow(place: string, root: string): boolean {
  return place === root || place.startsWith(`${root}/`);
}

/** The addresses of this machine, loopback apart, at which a port answers. */
export async function openAddresses(port: number): Promise<string[]> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
  const answers = await Promise.all(
    addresses.map(async (host) => ((await isOpen(host, port)) ? [host] : [])),
  );
  return answers.flat();
}

export function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
    socket.once("timeout", () => answer(false));
  });
}

/** Percent of what is not reserved, by the place where it is mounted: this machine's own df. */
export async function hostDisks(): Promise<Map<string, number>> {
  const { stdout } = await promisify(execFile)("df", ["--local", "--output=used,avail,target"]);
  const rows = stdout.trim().split("\n").slice(1);
  return new Map(
    rows.map((row) => {
      const [used, available, place = ""] = row.trim().split(/\s+/);
      return [place, (100 * Number(used)) / (Number(used) + Number(available))];
    }),
  );
}
