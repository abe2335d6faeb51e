import { type Draft, tellChanges } from "./changes.ts";
import { CHECKS, findings } from "./checks.ts";
import { type Compose, composeEnv, createCompose, type RunningServices } from "./compose-cli.ts";
import { reasonOf } from "./interruption.ts";
import { RevertedError, StackError } from "./project.ts";
import { RELOADED, type ReloadedServer, reload } from "./reload.ts";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";

/** init has its turn step by step, and before the others. */
const SERVICES = ["relay", "alertmanager", "exporter", "prometheus", "grafana", "backup"];

export interface ComposeChange {
  project: string;
  settings: Settings;
  before: RunningServices;
  report: Report;
  signal: AbortSignal;
}

interface ComposeDraft extends Draft {
  /** The secrets in the volume that are not as .env says. */
  secrets: string[];
}

/**
 * From the containers that run to those that should run: the servers take new files by reload, and only containers
 * that read something else at their start are made anew.
 * @returns whether there was anything to do
 * @throws {StackError} when the rendering is refused, and nothing was changed
 * @throws {RevertedError} when a server does not take it or a container does not become healthy
 */
export async function changeCompose(change: ComposeChange): Promise<boolean> {
  const { project, settings, before, report, signal } = change;
  const compose = createCompose(project, composeEnv(project, settings));
  const hash = await checkedDraft(compose, before, report);
  signal.throwIfAborted();
  const draft = await publish(compose, hash);
  tellChanges(draft.changes, report.line);
  const undo: Undo = { draft, asked: [], isRecreating: false };
  try {
    for (const [server, url] of urlsOf(before)) {
      signal.throwIfAborted();
      undo.asked.push([server, url]);
      await reload(server, url, draft.expected, { report, signal });
    }
    signal.throwIfAborted();
    undo.isRecreating = true;
    await changeSecrets(draft.secrets, compose, compose.init);
    report.line("docker compose up -d --wait");
    await compose.up("--no-deps", ...SERVICES);
    signal.throwIfAborted();
  } catch (error) {
    throw new RevertedError(reasonOf(error, signal), await revert(undo, compose, report));
  }
  await compose.init("--confirm");
  await compose.remember();
  const after = await compose.running();
  return draft.changes.length > 0 || SERVICES.some((name) => before.get(name)?.id !== after.get(name)?.id);
}

/** @returns the hash of a rendering that the servers' own tools accept */
async function checkedDraft(compose: Compose, running: RunningServices, report: Report): Promise<string> {
  const step = report.begin("检查配置");
  try {
    const hash = await compose.init("--draft");
    for (const [server, tool, ...args] of CHECKS) {
      if (!running.has(server)) continue;
      const folder = `/rendered/${hash}`;
      const words = args.map((arg) => (arg.includes("/") ? `${folder}/${arg}` : arg));
      await compose.ask("exec", "-T", server, tool, ...words).catch((error: Error) => {
        throw new Error(`${tool} 不接受这份配置：\n${findings(error, folder)}`);
      });
    }
    step.done("config.ini、规则、告警路由都没有问题");
    return hash;
  } catch (error) {
    step.fail("没有通过");
    throw new StackError((error as Error).message, { cause: error });
  }
}

/** Where it breaks off, nobody knows whether it had switched already. */
async function publish(compose: Compose, hash: string): Promise<ComposeDraft> {
  try {
    return JSON.parse(await compose.init("--publish", hash)) as ComposeDraft;
  } catch (error) {
    await compose.init("--back").catch(() => {});
    throw new StackError((error as Error).message, { cause: error });
  }
}

function urlsOf(running: RunningServices): [ReloadedServer, string][] {
  return RELOADED.flatMap((server) => {
    const port = running.get(server)?.port;
    return port === undefined ? [] : [[server, `http://127.0.0.1:${port}`]];
  });
}

/** What the relay refuses is not sent again; while it is not there, Alertmanager goes on trying. */
async function changeSecrets(secrets: string[], compose: Compose, init: Compose["init"]): Promise<void> {
  if (secrets.includes("RELAY_TOKEN")) await compose.ask("stop", "relay");
  if (secrets.length > 0) await init("--secrets");
}

interface Undo {
  draft: ComposeDraft;
  /** To take the new rendering, whether they did or not. */
  asked: [ReloadedServer, string][];
  isRecreating: boolean;
}

/** @returns the problems with going back */
async function revert(
  { draft: { good, secrets }, asked, isRecreating }: Undo,
  compose: Compose,
  report: Report,
): Promise<string[]> {
  report.line("没有成功，恢复原来的配置：");
  const problems: string[] = [];
  const attempt = (work: Promise<unknown>) => work.catch((error: Error) => problems.push(error.message));
  await attempt(compose.init("--back"));
  if (isRecreating) {
    await attempt(changeSecrets(secrets, compose, compose.initAgain));
    await attempt(compose.upAgain("--no-deps", ...SERVICES));
  }
  if (good) for (const [server, url] of asked) await attempt(reload(server, url, good, { report }));
  return problems;
}
