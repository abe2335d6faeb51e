import { relative } from "node:path";

/** A mounted file system, as the host sees it. */
export interface Mount {
  /** The kernel's number of this very mount: a second one at the same place has another. */
  id: string;
  mountpoint: string;
  device: string;
  fstype: string;
}

/** A line of mountinfo. */
interface Line extends Mount {
  /** The id of the mount that this one hangs in. */
  parent: string;
  /** One for each file system, however often it is mounted; a btrfs has one for all its subvolumes. */
  deviceNumber: string;
}

/** File systems that hold no data of their own, or cannot fill up: an image that is only read is always full. */
const PSEUDO = new Set(
  `autofs binfmt_misc bpf cgroup cgroup2 configfs cramfs debugfs devpts devtmpfs efivarfs erofs fuse.gvfsd-fuse
   fuse.lxcfs fuse.portal fuse.snapfuse fuse.squashfuse fuse.squashfuse_ll fusectl hugetlbfs iso9660 mqueue nsfs
   overlay proc pstore ramfs rootfs rpc_pipefs securityfs selinuxfs squashfs sysfs tmpfs tracefs`.split(
    /\s+/,
  ),
);

/**
 * The real file systems under `hostRoot` that a path leads to, each once, by its shortest mount point.
 * @param mountinfo /proc/self/mountinfo (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html)
 * @param hostRoot where the host's file systems are mounted; "/" on the host itself
 */
export function parseMounts(mountinfo: string, hostRoot: string): Mount[] {
  const lines = mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
  const byDevice = new Map<string, Mount>();
  for (const line of lines) {
    const { id, device, fstype, deviceNumber } = line;
    const mountpoint = stripRoot(line.mountpoint, hostRoot);
    // A root that is an overlay is a container's; its usage is that of the disk below, the only one it can see.
    if (mountpoint === undefined || (PSEUDO.has(fstype) && mountpoint !== "/")) continue;
    if (isHidden(line, lines)) continue;
    const known = byDevice.get(deviceNumber);
    if (known === undefined || mountpoint.length < known.mountpoint.length) {
      byDevice.set(deviceNumber, { id, mountpoint, device, fstype });
    }
  }
  return [...byDevice.values()];
}

function parseLine(line: string): Line {
  const [left = "", right = ""] = line.split(" - ");
  const [id = "", parent = "", deviceNumber = "", , target = ""] = left.split(" ");
  const [fstype = "", device = ""] = right.split(" ");
  return {
    id,
    parent,
    deviceNumber,
    mountpoint: unescapeOctal(target),
    device: unescapeOctal(device),
    fstype,
  };
}

/** Whether its path leads to another mount, whose figures would go by its name. */
function isHidden(mount: Line, all: Line[]): boolean {
  return all.some((other) => isOn(other, mount, mount.mountpoint)) || isBuried(mount, all);
}

/** Whether something was mounted later over a folder on the way to it. */
function isBuried(mount: Line, all: Line[]): boolean {
  const parent = all.find(({ id }) => id === mount.parent);
  if (parent === undefined || parent === mount) return false;
  const over = all.find((other) => isOn(other, parent) && isBelow(mount.mountpoint, other.mountpoint));
  return over !== undefined || isBuried(parent, all);
}

function isOn(mount: Line, parent: Line, mountpoint = mount.mountpoint): boolean {
  return mount.parent === parent.id && mount !== parent && mount.mountpoint === mountpoint;
}

function isBelow(path: string, folder: string): boolean {
  return path !== folder && isWithin(relative(folder, path));
}

/** The path without the prefix, or undefined for what is not below it. */
function stripRoot(path: string, root: string): string | undefined {
  const below = relative(root, path);
  return path !== "" && isWithin(below) ? `/${below}` : undefined;
}

function isWithin(below: string): boolean {
  return below !== ".." && !below.startsWith("../");
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
