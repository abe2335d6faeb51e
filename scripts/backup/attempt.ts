import { spawn } from "node:child_process";
import { EX_TEMPFAIL } from "../stack/project.ts";

/** How an attempt at a backup ended; why, in the words of the program that made it. */
export type Outcome =
  | { kind: "made" }
  /** It may be made in a minute: something else is at work, or has just been started. */
  | { kind: "postponed"; why: string }
  | { kind: "failed"; why: string };

/** Characters: the end of what it says, which tells why. */
const WORDS = 1000;

/** Of an error that nobody caught: a frame, or the line that ends it. */
const TRACE = /^\s+at .+:\d+:\d+\)?$|^Node\.js v\d/m;

/** Makes a backup. @param command a script of ours and its arguments @param signal breaks it off */
export async function attempt(command: string[], signal: AbortSignal): Promise<Outcome> {
  process.stdout.write(`${new Date().toISOString()} 每日备份\n`);
  const child = spawn(process.execPath, command, { stdio: ["ignore", "inherit", "pipe"], signal });
  let words = "";
  child.once("error", ({ message }) => {
    words += message;
  });
  // A character may come in two pieces.
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    process.stderr.write(text);
    words = (words + text).slice(-WORDS);
  });
  const ended = await new Promise<number | string>((resolve) =>
    child.once("close", (code, name) => resolve(code ?? name ?? "")),
  );
  if (ended === 0) return { kind: "made" };
  const why = reasonIn(words) || `备份程序意外结束（${ended}）`;
  return { kind: ended === EX_TEMPFAIL ? "postponed" : "failed", why };
}

/** What the trace of a mistake of ours tells is for its log, where it is; people are told the rest. */
function reasonIn(words: string): string | undefined {
  const said = words.split("❌").at(-1)?.trim();
  return said === undefined || TRACE.test(said) ? undefined : said;
}
