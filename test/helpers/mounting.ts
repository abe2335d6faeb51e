import { execFileSync } from "node:child_process";

/** Why nothing can be mounted here (another system, not root, a container without the right to), or false. */
export function cannotMount(): string | false {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return `cannot mount here: ${(error as Error).message}`;
  }
}
