import { renameSync, rmSync } from "node:fs";
import { run } from "../stack/run.ts";

/** Also from one disk to another; broken off, it leaves the original whole. */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    const draft = `${to}.new`;
    rmSync(draft, { recursive: true, force: true });
    await run("cp", ["--archive", from, draft]);
    renameSync(draft, to);
    rmSync(from, { recursive: true });
  }
}
