import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { readConfigFile } from "../../config/config.ts";
import { hasContainers, startCompose, stopCompose } from "../stack/compose.ts";
import { createCompose } from "../stack/compose-cli.ts";
import { EX_TEMPFAIL, StackError, TemporaryError } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import { checkSettings, findConfigFile, readSettings } from "../stack/settings.ts";
import type { Access, Addition } from "./access.ts";
import type { VolumeRequest } from "./volumes.ts";

type Child = ChildProcessByStdio<Writable, Readable, null>;

/**
 * A stack whose data lies in volumes: what works on them runs in a container of the service `backup`, archives go
 * through its standard input and output.
 */
export async function composeAccess(project: string, report: Report): Promise<Access> {
  const compose = createCompose(project, process.env);
  const running = (await hasContainers(project)) ? await compose.running() : new Map();
  // As every `up` does: the container is to run this program, not the one before an update.
  await compose.ask("build", "--quiet", "init");

  /** @param step of scripts/backup/volumes.ts */
  function start(step: string): { child: Child; done: Promise<void> } {
    const args = [
      "compose",
      "run",
      "--rm",
      "--no-deps",
      "-T",
      "backup",
      "node",
      "scripts/backup/volumes.ts",
      step,
    ];
    // What goes through its standard output is for nobody's log.
    const env = { ...process.env, BACKUP_LOG_DRIVER: "none" };
    const child = spawn("docker", args, { cwd: project, env, stdio: ["pipe", "pipe", "inherit"] });
    const done = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve();
        else {
          const Kind = code === EX_TEMPFAIL ? TemporaryError : StackError;
          reject(new Kind(`容器里的这一步没有成功（${step}，退出码 ${code}），原因见上`));
        }
      });
    });
    // It may fail before anybody waits for it, and before it has read what it is told.
    done.catch(() => {});
    child.stdin.on("error", () => {});
    return { child, done };
  }

  async function run(step: string): Promise<void> {
    const { child, done } = start(step);
    child.stdin.end();
    await done;
  }

  async function* pack(addition: Addition, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { child, done } = start("pack");
    const stop = () => child.kill();
    signal.addEventListener("abort", stop);
    try {
      const servers = (["prometheus", "alertmanager"] as const).filter((name) => running.has(name));
      child.stdin.end(JSON.stringify({ ...addition, servers } satisfies VolumeRequest));
      for await (const piece of child.stdout) yield piece as Buffer;
      await done;
    } finally {
      signal.removeEventListener("abort", stop);
      child.kill();
    }
  }

  return {
    title: "Docker",
    isRunning: running.size > 0,
    async config() {
      // Each of them has it mounted; not every image of the others has cat.
      const service = ["relay", "exporter", ...running.keys()].find((name) => running.has(name));
      if (service === undefined) return readConfigFile(findConfigFile()).text;
      return compose.ask("exec", "-T", service, "cat", "/rendered/current/config.ini");
    },
    pack: (addition, _file, signal) => Readable.from(pack(addition, signal), { objectMode: false }),
    async unpack(file, signal) {
      const { child, done } = start("unpack");
      await pipeline(createReadStream(file), child.stdin, { signal }).catch(() => child.kill());
      await done;
    },
    swap: () => run("swap"),
    putBack: () => run("put-back"),
    discard: () => run("discard"),
    stop: () => stopCompose(project),
    async start(signal) {
      const settings = readSettings();
      await checkSettings(settings);
      const before = { ...settings, env: { ...settings.env, RESTORING: "1" } };
      await startCompose({ project, settings: before, report, signal });
    },
  };
}
