import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A disk in memory. @returns where it is mounted */
export function mountDisk(t: TestContext, megabytes = 4): string {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  t.after(() => {
    // With what is mounted within.
    execFileSync("umount", ["--lazy", folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Takes what room is left. @param spare bytes that it leaves */
export function fillDisk(disk: string, spare = 0): void {
  const filler = join(disk, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(8 * 1024 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
  truncateSync(filler, Math.max(0, statSync(filler).size - spare));
}

/** Gives back what was taken. */
export function emptyDisk(disk: string): void {
  rmSync(join(disk, "filler"));
}

/** Fails while a file is open for writing. */
export function remount(disk: string, how: "ro" | "rw"): void {
  execFileSync("mount", ["-o", `remount,${how}`, disk]);
}
