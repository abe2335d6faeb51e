import { readFile, statfs } from "node:fs/promises";
import { platform } from "node:os";
import { join, relative } from "node:path";
import systeminformation from "systeminformation";
import type { Collector, Sample } from "./collector.ts";

/** A mounted file system, as the host sees it. */
export interface Mount {
  mountpoint: string;
  device: string;
  fstype: string;
}

/** File systems that hold no data of their own, or cannot fill up. */
const PSEUDO = new Set(
  `autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs iso9660 mqueue
   nsfs overlay proc pstore ramfs rpc_pipefs securityfs selinuxfs squashfs sysfs tmpfs tracefs`.split(/\s+/),
);

/** @param hostRoot where the host's file systems are mounted; "/" on the host itself */
export function diskCollector(hostRoot: string): Collector {
  return {
    name: "disk",
    deadline: 5000,
    collect: () => (platform() === "linux" ? collectLinux(hostRoot) : collectElsewhere()),
  };
}

async function collectLinux(hostRoot: string): Promise<Sample[]> {
  const mounts = parseMounts(await readFile("/proc/self/mountinfo", "utf8"), hostRoot);
  return (await Promise.all(mounts.map((mount) => readMount(mount, hostRoot)))).flat();
}

/** Nothing of a mount that this user may not look at, or that has just gone. */
async function readMount(mount: Mount, hostRoot: string): Promise<Sample[]> {
  try {
    const { blocks, bfree, bavail } = await statfs(join(hostRoot, mount.mountpoint));
    return [toSample(mount, blocks - bfree, bavail)];
  } catch (error) {
    if (["EACCES", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

async function collectElsewhere(): Promise<Sample[]> {
  const disks = await systeminformation.fsSize();
  return disks.map(({ mount, fs, type, used, available }) =>
    toSample({ mountpoint: mount, device: fs, fstype: type }, used, available),
  );
}

function toSample(mount: Mount, used: number, available: number): Sample {
  return {
    metric: "system_disk_usage_percent",
    labels: { ...mount },
    value: used + available > 0 ? (100 * used) / (used + available) : 0,
  };
}

/**
 * The real file systems under `hostRoot`, each once, by its shortest mount point.
 * @param mountinfo /proc/self/mountinfo (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html)
 */
export function parseMounts(mountinfo: string, hostRoot: string): Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const line of mountinfo.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , deviceNumber = "", , target = ""] = left.split(" ");
    const [fstype = "", device = ""] = right.split(" ");
    const mountpoint = stripRoot(unescapeOctal(target), hostRoot);
    // A root that is an overlay is a container's; its usage is that of the disk below, the only one it can see.
    if (mountpoint === undefined || (PSEUDO.has(fstype) && mountpoint !== "/")) continue;
    const known = byDevice.get(deviceNumber);
    if (known === undefined || mountpoint.length < known.mountpoint.length) {
      byDevice.set(deviceNumber, { mountpoint, device: unescapeOctal(device), fstype });
    }
  }
  return [...byDevice.values()];
}

/** The path without the prefix, or undefined for what is not below it. */
function stripRoot(path: string, root: string): string | undefined {
  const below = relative(root, path);
  return path === "" || below.startsWith("..") ? undefined : `/${below}`;
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
