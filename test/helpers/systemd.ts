import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "./eventually.ts";
import type { CommandResult } from "./stack.ts";

const exec = promisify(execFile);

/** Where the checkout is in there. */
export const CHECKOUT = "/opt/monitoring";

/** A machine of its own, as far as its processes, files and network go. */
export interface BootedMachine {
  run(...command: string[]): Promise<CommandResult>;
  /** A file of its, as this process finds it. */
  file(path: string): string;
}

const SCRIPT = join(import.meta.dirname, "systemd-boot.sh");
const NAMESPACES = ["--mount", "--pid", "--cgroup", "--net", "--ipc", "--uts", "--fork", "--kill-child"];
/** What the script and the tests call, besides systemd. */
const TOOLS = ["unshare", "nsenter", "ip", "curl", "setpriv", "useradd"];

/** Why systemd cannot be booted here, or false. */
export function cannotBoot(): string | false {
  if (!existsSync("/lib/systemd/systemd")) return "there is no systemd here";
  const missing = TOOLS.filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (missing.length > 0) return `there is no ${missing.join(", ")} here`;
  const layers = mkdtempSync(join(tmpdir(), "monitoring-systemd-"));
  const tried = spawnSync("unshare", [...NAMESPACES, "bash", SCRIPT, layers, PROJECT, "try"], {
    encoding: "utf8",
  });
  rmSync(layers, { recursive: true });
  return tried.status === 0 ? false : `systemd cannot be booted here: ${tried.stderr.trim()}`;
}

export async function bootSystemd(t: { after: (end: () => Promise<void>) => void }): Promise<BootedMachine> {
  const layers = mkdtempSync(join(tmpdir(), "monitoring-systemd-"));
  const child = spawn("unshare", [...NAMESPACES, "bash", SCRIPT, layers, PROJECT], { stdio: "pipe" });
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  async function shutDown(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(layers, { recursive: true, force: true });
  }
  t.after(shutDown);
  const machine = {
    run: (...command: string[]) => runInside(child, command),
    file: (path: string) => `/proc/${initOf(child)}/root${path}`,
  };
  await eventually("systemd has booted", async () => {
    if (child.exitCode !== null) throw new Error(said);
    const { output } = await machine.run("systemctl", "is-system-running");
    return /running|degraded/.test(output);
  });
  return machine;
}

async function runInside(child: ChildProcess, command: string[]): Promise<CommandResult> {
  const pid = initOf(child);
  const enter = ["--target", String(pid), "--mount", "--pid", "--cgroup", "--net", "--ipc", "--uts"];
  const directory = [`--root=/proc/${pid}/root`, `--wd=/proc/${pid}/root${CHECKOUT}`];
  try {
    const { stdout, stderr } = await exec("nsenter", [...enter, ...directory, ...command]);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

/** unshare's one child is process 1 in there. */
function initOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
