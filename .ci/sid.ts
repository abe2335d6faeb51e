import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../scripts/stack/run.ts";

/** What Debian's newest suite calls its packages, by the folder in which the stack looks for each server. */
const SERVERS = {
  "prometheus-debian": ["prometheus", "promtool"],
  "alertmanager-debian": ["prometheus-alertmanager"],
};

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Milliseconds for the lists, and for the packages. */
const TIMEOUT = 120_000;

/**
 * Fetches the servers of Debian sid.
 * @param folder to be used as a stack's folder of servers
 * @throws as fetchSid does
 */
export function fetchSidServers(folder: string): Promise<void> {
  return fetchSid(folder, SERVERS);
}

/**
 * Fetches programs of Debian sid: those written in Go run on any suite. apt gets sources, lists and caches of its own
 * and packages are unpacked, not installed, so nothing of the machine changes.
 * @param folder what it holds already is taken as it is
 * @param wanted the packages of each folder in it
 * @throws where there is no apt, no network, or no such package
 */
export async function fetchSid(folder: string, wanted: Record<string, string[]>): Promise<void> {
  if (existsSync(folder)) return;
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  try {
    const apt = await privateApt(join(draft, "apt"));
    await apt("update");
    for (const [name, packages] of Object.entries(wanted)) {
      const archives = join(draft, "packages", name);
      mkdirSync(archives, { recursive: true });
      await apt("download", packages, archives);
      for (const file of readdirSync(archives))
        await run("dpkg", ["-x", join(archives, file), join(draft, name)]);
    }
    for (const name of ["apt", "packages"]) rmSync(join(draft, name), { recursive: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

type Apt = (command: string, args?: string[], cwd?: string) => Promise<string>;

async function privateApt(state: string): Promise<Apt> {
  for (const name of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(state, name), { recursive: true });
  const sources = join(state, "sources.list");
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${await debianMirror()} sid main\n`);
  // Otherwise apt takes what is installed here into account.
  writeFileSync(join(state, "status"), "");
  const settings = join(state, "apt.conf");
  writeFileSync(
    settings,
    `Dir::Etc::SourceList "${sources}";
Dir::Etc::SourceParts "/dev/null";
Dir::State "${state}";
Dir::State::status "${join(state, "status")}";
Dir::Cache "${join(state, "cache")}";
Acquire::Languages "none";
// Root's own apt would hand the download to a user that may not write here.
${process.getuid?.() === 0 ? 'APT::Sandbox::User "root";' : ""}
// Lists that could not be had are an error, not a warning.
APT::Update::Error-Mode "any";
// The machine's hooks after an update concern the machine's lists.
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`,
  );
  return (command, args = [], cwd = state) =>
    run("apt-get", [`--config-file=${settings}`, "-qq", command, ...args], { cwd, timeout: TIMEOUT });
}

/** Where this machine gets its own packages from. */
async function debianMirror(): Promise<string> {
  const format = "$(LABEL) $(IDENTIFIER) $(REPO_URI)";
  const targets = await run("apt-get", ["indextargets", "--format", format]);
  const mirror = /^Debian Packages (\S+)$/m.exec(targets)?.[1];
  if (mirror === undefined)
    throw new Error("apt has no lists of Debian's packages; apt-get update makes them");
  return mirror;
}
