import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { type Collector, PartialError, type Sample } from "./collector.ts";
import { systeminformation } from "./elsewhere.ts";
import { type Mount, parseMounts } from "./mounts.ts";
import { createStatfs, type Outcome, type Statfs } from "./statfs.ts";

/**
 * The disks that answer. One that hangs or fails is named in a PartialError, beside the figures of the others.
 * @param hostRoot where the host's file systems are mounted; "/" on the host itself
 */
export function diskCollector(hostRoot: string, statfs: Statfs = createStatfs()): Collector {
  return {
    name: "disk",
    // Every question ends by the patience of statfs.ts; this one only guards against a mistake there.
    deadline: 10_000,
    collect: () => (platform() === "linux" ? collectLinux(hostRoot, statfs) : collectElsewhere()),
    stop: () => statfs.stop(),
  };
}

async function collectLinux(hostRoot: string, statfs: Statfs): Promise<Sample[]> {
  // In the main thread: the kernel answers from its own memory, no mounted server is asked.
  const mounts = parseMounts(readFileSync("/proc/self/mountinfo", "utf8"), hostRoot);
  if (mounts.length === 0) throw new Error(`no file system is mounted under ${hostRoot}`);
  const questions = mounts.map(({ id, mountpoint }) => ({ id, path: join(hostRoot, mountpoint) }));
  const outcomes = await statfs.ask(questions);
  const samples: Sample[] = [];
  const problems: string[] = [];
  for (const [index, mount] of mounts.entries()) {
    const outcome = outcomes[index] ?? { kind: "unasked" };
    if (outcome.kind === "usage") samples.push(toSample(mount, outcome.used, outcome.available));
    else problems.push(...describe(mount, outcome));
  }
  if (problems.length > 0) throw new PartialError(problems.join("; "), samples);
  return samples;
}

/** Nothing of a mount that this user may not look at, or that has just gone. */
function describe({ mountpoint, fstype }: Mount, outcome: Exclude<Outcome, { kind: "usage" }>): string[] {
  const name = `${mountpoint} (${fstype})`;
  switch (outcome.kind) {
    case "refused":
      return ["EACCES", "ENOENT"].includes(outcome.code) ? [] : [`${name}: ${outcome.message}`];
    case "hung":
      return [`${name} hangs`];
    case "unasked":
      return [`${name} was not asked: too many others hang`];
  }
}

async function collectElsewhere(): Promise<Sample[]> {
  const { fsSize } = await systeminformation();
  const disks = await fsSize();
  return disks.map(({ mount, fs, type, used, available }) =>
    toSample({ mountpoint: mount, device: fs, fstype: type }, used, available),
  );
}

function toSample(
  { mountpoint, device, fstype }: Omit<Mount, "id">,
  used: number,
  available: number,
): Sample {
  return {
    metric: "system_disk_usage_percent",
    labels: { mountpoint, device, fstype },
    value: used + available > 0 ? (100 * used) / (used + available) : 0,
  };
}
