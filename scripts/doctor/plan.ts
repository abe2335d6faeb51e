import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicUrls } from "../stack/addresses.ts";
import { NoAnswerError } from "../stack/ask.ts";
import { describeChanges } from "../stack/changes.ts";
import { checkRendering } from "../stack/checks.ts";
import { type Compose, composeEnv, createCompose } from "../stack/compose-cli.ts";
import { type Expected, readExpected } from "../stack/expected.ts";
import { planNative } from "../stack/native.ts";
import { describeVariables } from "../stack/native-change.ts";
import { currentFolder } from "../stack/publish.ts";
import { renderCompose } from "../stack/render-compose.ts";
import type { Report } from "../stack/report.ts";
import { PARTS, type StackView, stateOf } from "../stack/view.ts";
import { changedContainerVariables } from "./container-variables.ts";

/** What npm run apply would do. */
export interface Plan {
  /** For the operator; empty where everything is in force. */
  changes: string[];
  /** What the servers should have in force now, before it. */
  expected: Expected;
}

const SILENT: Report = {
  begin: () => ({ progress() {}, done() {}, fail() {} }),
  line() {},
  warn() {},
};

/**
 * Renders beside what is in force, and compares.
 * @returns undefined where nothing runs that could be compared with
 * @throws {StackError} or {EnvironmentError} for what npm run apply would refuse
 * @throws {NoAnswerError} where no container tells what it has
 */
export async function planApply(view: StackView): Promise<Plan | undefined> {
  const out = mkdtempSync(join(tmpdir(), "monitoring-"));
  const remove = () => rmSync(out, { recursive: true, force: true });
  // Doctor does not wait for a check that takes too long.
  process.once("exit", remove);
  try {
    if (view.runtime.kind === "native") return await planNativeApply(view, out);
    if (view.runtime.kind === "compose") return await planComposeApply(view, out);
    return undefined;
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}

async function planNativeApply(view: StackView, out: string): Promise<Plan> {
  const { project, paths, settings } = view;
  const { signal } = new AbortController();
  const options = { project, paths, ...settings, report: SILENT, fetchServers: false, signal };
  const { rendering, parts, found } = await planNative(options, out);
  await checkRendering(rendering, found, SILENT);
  const current = currentFolder(paths.config);
  const started = view.runtime.kind === "native" ? Object.values(view.runtime.parts) : [];
  const outdated = started.flatMap(({ record, isRunning }) => {
    const part = parts.find(({ name }) => name === record?.name);
    return record && isRunning && part && part.fingerprint !== record.fingerprint ? [record] : [];
  });
  const changes = [...describeChanges(current, rendering.folder), ...describeVariables(outdated, parts)];
  if (changes.length === 0 && outdated.length > 0) changes.push("程序更新过");
  return { changes, expected: readExpected(current) };
}

/** The containers have their files in a volume: only whether they are the same can be told from outside. */
async function planComposeApply(view: StackView, out: string): Promise<Plan> {
  const { project, settings, ports } = view;
  const { config, configText, env } = settings;
  const { hash, folder } = renderCompose({
    project,
    out,
    config,
    configText,
    env,
    publicUrls: publicUrls(config, env, ports),
  });
  const compose = createCompose(project, composeEnv(project, settings));
  const [current, names] = await Promise.all([
    readCurrent(view, compose),
    changedContainerVariables(compose, project),
  ]);
  const files = current === hash ? [] : ["config.ini、.env 或规则"];
  const variables = names.length > 0 ? [`.env：${names.join("、")}`] : [];
  return { changes: [...files, ...variables], expected: readExpected(folder) };
}

/** From whichever container runs that has the volume. @throws {NoAnswerError} where none tells */
async function readCurrent(view: StackView, compose: Compose): Promise<string> {
  const part = PARTS.find((part) => stateOf(view, part)?.isRunning);
  try {
    return (await compose.ask("exec", "-T", part ?? "", "readlink", "/rendered/current")).trim();
  } catch (cause) {
    throw new NoAnswerError("容器没有应答", { cause });
  }
}
