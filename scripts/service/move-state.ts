import { lstatSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { StackError } from "../stack/project.ts";
import { command } from "./command.ts";
import { isService, SERVICE_STATE } from "./names.ts";

/*
 * The state of a stack lies in the checkout as `.stack`; once it is a service, in SERVICE_STATE (S below) with a link
 * to it in the checkout. The two may be on different disks, and anything may break a move off:
 *
 *     to the service                          back
 *     .stack                                  .stack → S, S
 *     .stack, S.new                           .stack → S, S, .stack.copy     the copy may be half
 *     .stack, S.new, .stack.to-service → S    .stack → S, S, .stack.back     from here on it is whole, and counts
 *     .stack, S, .stack.to-service → S        .stack → S, .stack.back
 *     S, .stack.to-service → S                .stack.back
 *     .stack → S, S                           .stack
 *
 * So .stack.to-service or .stack.back tells that a move is under way; each step finds out whether it has been done.
 */
const copyOf = (root: string) => `${root}.copy`;
const leaving = (root: string) => `${root}.to-service`;
const returning = (root: string) => `${root}.back`;

/** The command that has begun to move a state folder and has not come to its end. */
export function unfinishedMove(root: string): "install-service" | "uninstall-service" | undefined {
  if (isThere(leaving(root))) return "install-service";
  return isThere(returning(root)) ? "uninstall-service" : undefined;
}

/** Everything goes on finding the state under its old name. */
export async function moveOut(root: string, service = SERVICE_STATE): Promise<void> {
  const link = leaving(root);
  // Of an uninstallation that got no further.
  rmSync(copyOf(root), { recursive: true, force: true });
  if (!isThere(link)) {
    if (isService(root, service)) return;
    await copy(root, `${service}.new`);
    symlinkSync(service, link);
  }
  if (!isThere(service)) renameSync(`${service}.new`, service);
  await written(service);
  rmSync(root, { recursive: true, force: true });
  renameSync(link, root);
}

/**
 * What can fail for want of room comes first.
 * @param removeService what could still write to the original, once there is a copy
 */
export async function copyBack(
  root: string,
  removeService: () => Promise<void>,
  service = SERVICE_STATE,
): Promise<void> {
  await copy(service, copyOf(root));
  await removeService();
  renameSync(copyOf(root), returning(root));
}

/** After copyBack: the copy takes the place of the link, as its owner's. */
export async function moveBack(root: string, service = SERVICE_STATE): Promise<void> {
  const folder = returning(root);
  if (!isService(root, service) && isThere(root)) {
    throw new StackError(`数据在 ${folder}，但后来又有了 ${root}：请先把 ${root} 改名移开，再执行一次`);
  }
  await written(folder);
  for (const left of [service, `${service}.new`]) rmSync(left, { recursive: true, force: true });
  // systemd's records and environments.
  rmSync(join(folder, "run"), { recursive: true, force: true });
  const { uid, gid } = statSync(dirname(root));
  await command("chown", "-R", "--no-dereference", `${uid}:${gid}`, folder);
  await command("chmod", "0700", folder);
  rmSync(root, { force: true });
  renameSync(folder, root);
}

/** The copy is whole and on the disk, or there is none. On one disk its files are links, which take no room. */
async function copy(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  const isOneDisk = statSync(from).dev === statSync(dirname(to)).dev;
  try {
    await command("cp", "--archive", ...(isOneDisk ? ["--link"] : []), `${from}/.`, to);
    await written(to);
  } catch (error) {
    rmSync(to, { recursive: true, force: true });
    throw error;
  }
}

/** What follows must not be on a disk before this is: a power cut would leave neither. */
async function written(path: string): Promise<void> {
  await command("sync", "--file-system", path);
}

/** A link too that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
