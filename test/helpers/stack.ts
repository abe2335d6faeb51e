import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv, promisify } from "node:util";
import type { PartName } from "../../scripts/stack/addresses.ts";
import { isRunning, runningProcesses } from "../../scripts/stack/processes.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { copyCheckout } from "./checkout.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

const exec = promisify(execFile);
const LOG_LINES = 40;

/** What a command printed, and how it ended. */
export interface CommandResult {
  code: number;
  output: string;
}

/** A copy of the checkout that npm start, stop, apply and demo work on, on free ports. */
export interface TestStack {
  folder: string;
  urls: { exporter: string; relay: string; prometheus: string; alertmanager: string };
  /** .env as it is now. */
  env(): Record<string, string | undefined>;
  /** @param interruptAt what is printed when Ctrl-C is pressed */
  up(interruptAt?: string): Promise<CommandResult>;
  apply(interruptAt?: string): Promise<CommandResult>;
  down(): Promise<CommandResult>;
  /** Any other of scripts/, for example "doctor.ts". */
  run(script: string, ...args: string[]): Promise<CommandResult>;
  demo(args: string[], interruptAt?: string): Promise<CommandResult>;
  /** Sends a signal once a text is printed. */
  interrupt(signal: NodeJS.Signals, at: string, script: string, ...args: string[]): Promise<CommandResult>;
  /** Writes config.ini anew. @param change turns the text into the one to use */
  configure(change: (text: string) => string): void;
  /** Ends a part without a warning, as a crash would. */
  kill(part: PartName): Promise<void>;
  /** Stops what runs and removes the folder. */
  remove(): Promise<void>;
}

/** @param settings lines for .env */
export async function createTestStack(settings: Record<string, string> = {}): Promise<TestStack> {
  const { folder, remove } = copyCheckout();
  const [exporter, relay, prometheus, alertmanager, grafana] = await freePorts(5);
  const lines = {
    RELAY_PORT: relay,
    PROMETHEUS_PORT: prometheus,
    ALERTMANAGER_PORT: alertmanager,
    GRAFANA_PORT: grafana,
    ...settings,
  };
  const dotenv = join(folder, ".env");
  writeFileSync(
    dotenv,
    Object.entries(lines)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const config = join(folder, "config/config.ini");
  const configure = (change: (text: string) => string) =>
    writeFileSync(config, change(readFileSync(config, "utf8")));
  configure((text) => text.replace("metrics_port = 8001", `metrics_port = ${exporter}`));
  const script = (name: string, args: string[] = [], interruptAt?: string) =>
    runScript(folder, [join("scripts", name), ...args], interruptAt);
  return {
    folder,
    urls: {
      exporter: `http://127.0.0.1:${exporter}`,
      relay: `http://127.0.0.1:${relay}`,
      prometheus: `http://127.0.0.1:${prometheus}`,
      alertmanager: `http://127.0.0.1:${alertmanager}`,
    },
    env: () => parseEnv(readFileSync(dotenv, "utf8")),
    up: (interruptAt) => script("up.ts", ["--native"], interruptAt),
    apply: (interruptAt) => script("apply.ts", [], interruptAt),
    down: () => script("down.ts"),
    run: (name, ...args) => script(name, args),
    demo: (args, interruptAt) => script("demo.ts", args, interruptAt),
    interrupt: (signal, at, name, ...args) => runScript(folder, [join("scripts", name), ...args], at, signal),
    configure,
    async kill(part) {
      const paths = statePaths(join(folder, ".stack"));
      const record = runningProcesses(paths).find(({ name }) => name === part);
      if (record === undefined) throw new Error(`${part} does not run. ${endOfLog(paths.logs, part)}`);
      process.kill(record.pid, "SIGKILL");
      await eventually(`${part} is gone`, () => !isRunning(record));
    },
    async remove() {
      await script("down.ts");
      remove();
    },
  };
}

/** Why it does not, before the folder is removed. */
function endOfLog(logs: string, part: PartName): string {
  try {
    const lines = readFileSync(join(logs, `${part}.log`), "utf8")
      .trimEnd()
      .split("\n");
    return `Its log ends:\n${lines.slice(-LOG_LINES).join("\n")}`;
  } catch (error) {
    return `Its log cannot be read: ${error}`;
  }
}

async function runScript(
  cwd: string,
  args: string[],
  interruptAt?: string,
  signal: NodeJS.Signals = "SIGINT",
): Promise<CommandResult> {
  try {
    const running = exec(process.execPath, args, { cwd });
    let printed = "";
    running.child.stdout?.on("data", (text: string) => {
      const isBefore = interruptAt !== undefined && !printed.includes(interruptAt);
      printed += text;
      if (isBefore && printed.includes(interruptAt)) running.child.kill(signal);
    });
    const { stdout, stderr } = await running;
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
