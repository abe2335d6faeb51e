import { type ChildProcessByStdio, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { copyCheckout } from "../../helpers/checkout.ts";

/** What a command printed, and how it ended. */
export interface Told {
  code: number;
  out: string;
  error: string;
}

export interface Clone {
  folder: string;
  /** Runs one of its scripts. */
  run(script: string, ...args: string[]): Promise<Told>;
  /** The same while nobody reads what it prints. */
  runUnread(script: string, ...args: string[]): Promise<Told>;
  /** Puts a program in front of the machine's own. @param text its first line says what runs it */
  addProgram(name: string, text: string): void;
}

/** A clean clone in which nothing runs. @param settings lines for .env, which is not there without any */
export function cloneCheckout(t: TestContext, settings: Record<string, string> = {}): Clone {
  const { folder, remove } = copyCheckout();
  t.after(remove);
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  if (lines.length > 0) writeFileSync(join(folder, ".env"), lines.join(""), { mode: 0o600 });
  const programs = join(folder, "bin");
  mkdirSync(programs);
  const start = (script: string, args: string[]) =>
    spawn(process.execPath, [join(folder, "scripts", script), ...args], {
      // The machine's own authorities would win over those in .env.
      env: { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}`, NODE_EXTRA_CA_CERTS: "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    folder,
    addProgram(name, text) {
      writeFileSync(join(programs, name), text);
      chmodSync(join(programs, name), 0o755);
    },
    run: (script, ...args) => runScript(start(script, args)),
    runUnread(script, ...args) {
      const child = start(script, args);
      child.stdout.destroy();
      return runScript(child);
    },
  };
}

async function runScript(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Told> {
  const told = { out: "", error: "" };
  child.stdout.on("data", (text) => {
    told.out += text;
  });
  child.stderr.on("data", (text) => {
    told.error += text;
  });
  const code = await new Promise<number>((resolve) => child.once("close", resolve));
  return { code, ...told };
}
