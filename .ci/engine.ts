import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, startEngine } from "./engine/dockerd.ts";
import { buildStandIns } from "./engine/images.ts";

/**
 * Runs a command with a Docker engine at hand for test/compose, and ends the engine after it. Where there can be
 * none, the command runs all the same and those tests say why they are skipped.
 */
async function main([program = "", ...args]: string[]): Promise<void> {
  // Short: the path of a socket has at most 107 characters.
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  const begin = Date.now();
  let engine: Engine | undefined;
  // Nothing ends this process before the engine: its rules and mounts would stay.
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));
  try {
    const env: NodeJS.ProcessEnv = { ...process.env };
    try {
      engine = await startEngine(folder);
      const images = await buildStandIns(join(folder, "images"), { ...process.env, ...engine.env });
      env.COMPOSE_ENGINE = join(folder, "engine.json");
      writeFileSync(env.COMPOSE_ENGINE, JSON.stringify({ ...engine.env, ...images }));
      console.log(`engine: up, with stand-ins for the images (${Math.round((Date.now() - begin) / 1000)} s)`);
    } catch (error) {
      env.COMPOSE_ENGINE_MISSING = (error as Error).message;
      console.log(`engine: docker compose is not proven here: ${env.COMPOSE_ENGINE_MISSING}`);
    }
    process.exitCode = interrupted.signal.aborted
      ? 1
      : await runCommand(program, args, env, interrupted.signal);
  } finally {
    await engine?.stop().catch((error: Error) => console.error(`engine: ${error.message}`));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns its exit code, 1 where a signal ended it */
async function runCommand(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  interrupted: AbortSignal,
): Promise<number> {
  const child = spawn(program, args, { env, stdio: "inherit" });
  interrupted.addEventListener("abort", () => child.kill(interrupted.reason));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`engine: ${error.message}`);
  process.exitCode = 1;
});
