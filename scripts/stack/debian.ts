import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

/**
 * Unpacks Debian's package of a server into a folder: nothing is installed, no service is started, and root is not
 * needed. The scripts and fonts of its web pages come along.
 * @throws where there is no apt, or no such package
 */
export async function unpackPackage(name: string, folder: string): Promise<void> {
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(draft, "packages"), { recursive: true });
  try {
    const [main = ""] = await fetchPackages([name], draft);
    const depends = await run("dpkg-deb", ["--field", main, "Depends"]);
    const web = depends.match(/\b(libjs|fonts)-[\w.+-]+/g) ?? [];
    // Without them the server works and its pages look plain.
    const others = web.length > 0 ? await fetchPackages(web, draft).catch(() => []) : [];
    for (const file of [main, ...others]) await run("dpkg-deb", ["--extract", file, draft]);
    rmSync(join(draft, "packages"), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @returns the files of the packages */
async function fetchPackages(names: string[], draft: string): Promise<string[]> {
  const cwd = join(draft, "packages");
  // Root's own apt would hand the download to a user that may not write here.
  const options = process.getuid?.() === 0 ? ["-o", "APT::Sandbox::User=root"] : [];
  const before = new Set(readdirSync(cwd));
  try {
    await run("apt-get", [...options, "download", ...names], { cwd });
  } catch {
    // The machine's package lists are missing or old; fetch lists of our own, which needs no root.
    const lists = privateLists(join(draft, "apt"));
    await run("apt-get", [...options, ...lists, "update"], { cwd });
    await run("apt-get", [...options, ...lists, "download", ...names], { cwd });
    rmSync(join(draft, "apt"), { recursive: true, force: true });
  }
  return readdirSync(cwd)
    .filter((file) => !before.has(file))
    .map((file) => join(cwd, file));
}

function privateLists(folder: string): string[] {
  mkdirSync(join(folder, "lists/partial"), { recursive: true });
  mkdirSync(join(folder, "archives/partial"), { recursive: true });
  return ["-o", `Dir::State::Lists=${folder}/lists`, "-o", `Dir::Cache=${folder}`];
}

/** Debian's servers look for their pages and templates here. */
const SHARE = "/usr/share";

/**
 * The command that runs an unpacked server as if its package were installed: it sees its own /usr/share laid over the
 * machine's, in a mount namespace of its own.
 * @returns undefined where the system does not allow that
 */
export async function insidePackage(folder: string, command: string[]): Promise<string[] | undefined> {
  const share = join(folder, SHARE);
  if (!existsSync(share)) return command;
  const namespace = [
    "unshare",
    "--mount",
    ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  ];
  const overlay = `mount -t overlay overlay -o lowerdir="$0":${SHARE} ${SHARE} && exec "$@"`;
  const wrapper = [...namespace, "sh", "-c", overlay, share];
  const [program = "", ...args] = [...wrapper, "true"];
  const works = await run(program, args).then(
    () => true,
    () => false,
  );
  return works ? [...wrapper, ...command] : undefined;
}

/** What `insidePackage` was given, for those who can lay folders over others themselves. */
export function outsideWrapper(command: string[]): { command: string[]; share: string | undefined } {
  const script = command[0] === "unshare" ? command.indexOf("-c") : -1;
  if (script === -1) return { command, share: undefined };
  return { command: command.slice(script + 3), share: command[script + 2] };
}
