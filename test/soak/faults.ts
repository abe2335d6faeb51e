import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartName } from "../../scripts/stack/addresses.ts";
import { eventually } from "../helpers/eventually.ts";
import { cannotMount } from "../helpers/mounting.ts";
import type { Field } from "./field.ts";

/** Milliseconds until somebody notices and says npm start. */
const UNNOTICED = 3000;
/** Milliseconds. */
const WECOM_AWAY = 40_000;
const DISK_FULL = 20_000;

export interface Fault {
  name: string;
  inject(field: Field): Promise<void>;
  /** Why it cannot happen here, or false. */
  impossible?(): string | false;
}

/** Every fault there is, in the order in which they happen, again and again. */
export const FAULTS: Fault[] = [
  kill("exporter"),
  kill("relay"),
  { name: "WeCom away", inject: (field) => field.loseWecom(WECOM_AWAY, sleep) },
  kill("prometheus"),
  kill("alertmanager"),
  { name: "disk full", inject: fillDisk, impossible: cannotMount },
];

/** What a fault does to how often one message may be told: only a crash, or an answer that was lost, repeats one. */
export const MAY_REPEAT = ["kill relay", "WeCom away", "disk full"];

function kill(part: PartName): Fault {
  return {
    name: `kill ${part}`,
    async inject({ stack }) {
      await stack.kill(part);
      await sleep(UNNOTICED);
      await start(stack);
    },
  };
}

/** The disk shrinks to what it holds. */
async function fillDisk({ stack, disk }: Field): Promise<void> {
  if (disk === undefined) return;
  await eventually("the disk is full", () => {
    // Refused if something was written since.
    resize(disk, usedBytes(disk));
    return true;
  });
  await sleep(DISK_FULL);
  resize(disk, "1g");
  await start(stack);
}

function usedBytes(disk: string): string {
  const [, used = ""] = execFileSync("df", ["--block-size=1", "--output=used", disk]).toString().split("\n");
  return used.trim();
}

function resize(disk: string, size: string): void {
  execFileSync("mount", ["-o", `remount,size=${size}`, disk], { stdio: "pipe" });
}

async function start(stack: Field["stack"]): Promise<void> {
  const { code, output } = await stack.up();
  if (code !== 0) throw new Error(`npm start after a fault: ${output}`);
}
