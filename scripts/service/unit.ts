import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROCESS_TITLES, type ProcessName } from "../stack/addresses.ts";
import { outsideWrapper } from "../stack/debian.ts";
import type { ProcessSpec } from "../stack/processes.ts";
import { SERVICE_USER, STARTED, TARGET, unitName } from "./names.ts";

export interface UnitOptions {
  /** Where the part writes, and nowhere else. */
  writable: string[];
  /** What holds its environment: a unit file is for everybody to read. */
  environmentFile: string;
  /** A pattern: what it fits is there while a restore may have to be taken back. */
  unfinishedRestore: string;
}

/** The systemd unit of a part. */
export function unitText(spec: ProcessSpec, options: UnitOptions): string {
  const { writable, environmentFile, unfinishedRestore } = options;
  const { command, share } = outsideWrapper(spec.command);
  return `[Unit]
Description=企业微信法律客服系统监控：${PROCESS_TITLES[spec.name as ProcessName]}
PartOf=${TARGET}
Wants=network-online.target
After=network-online.target
# It comes back however often it fails: a full disk has room again one day.
StartLimitIntervalSec=0
# After a power cut in a restore no boot starts it on data that npm start is about to take back.
ConditionPathExistsGlob=|!${escaped(unfinishedRestore)}
ConditionPathExists=|${STARTED}

[Service]
Type=exec
ExecStart=${commandLine(command)}
WorkingDirectory=${escaped(spec.cwd)}
EnvironmentFile=${escaped(environmentFile)}
${userOf(spec)}Restart=always
RestartSec=5
TimeoutStopSec=60
UMask=0077
SyslogIdentifier=${unitName(spec.name).replace(".service", "")}
ReadWritePaths=${writable.map(listed).join(" ")}
${mountsOf(share)}${limitsOf(spec)}${SANDBOX}${isBackup(spec) ? BACKUP_RIGHTS : ""}`;
}

/** The one that reads what belongs to every part, .env included. */
export function isBackup({ name }: Pick<ProcessSpec, "name">): boolean {
  return name === "backup";
}

function userOf(spec: ProcessSpec): string {
  // Users of its own: nothing of the other parts, which share the user, is to be had by /proc.
  return isBackup(spec) ? "User=root\n" : `User=${SERVICE_USER}\nGroup=${SERVICE_USER}\nPrivateUsers=yes\n`;
}

/** Added to the sandbox: files of others, and nothing else that root may. It asks Prometheus and Alertmanager here. */
const BACKUP_RIGHTS = `CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER
SystemCallFilter=@chown
IPAddressDeny=any
IPAddressAllow=localhost
`;

/** What every part can do without. */
const SANDBOX = `TasksMax=512
LimitNOFILE=65536
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
`;

/** Far above what any has been seen to use: they are to stop a leak from taking the machine down. */
const MEMORY: Record<string, string> = { prometheus: "4G", grafana: "2G" };

/** Their programs make no code while they run, as Node does. */
const COMPILED = new Set(["prometheus", "alertmanager"]);

/** Those that read nothing of /proc but processes; what of it Grafana reads has not been tried. */
const PROCESSES_ONLY = new Set(["relay", "prometheus", "alertmanager"]);

function limitsOf({ name, command, cwd, env }: ProcessSpec): string {
  // A secret's file or the archives, for example, may lie there.
  const paths = [cwd, ...command, ...Object.values(withoutOperators(env))];
  // Of the disks in /home the exporter tells how full they are.
  const needsHome = name === "exporter" || paths.some((path) => /^\/(home|root)\//.test(path));
  return `ProtectHome=${needsHome ? "read-only" : "yes"}
ProcSubset=${PROCESSES_ONLY.has(name) ? "pid" : "all"}
MemoryMax=${MEMORY[name] ?? "1G"}
MemoryDenyWriteExecute=${COMPILED.has(name) ? "yes" : "no"}
`;
}

/** What a package's server looks for under /usr/share, as its package is not installed. */
function mountsOf(share: string | undefined): string {
  const names =
    share === undefined
      ? []
      : readdirSync(share).filter((name) => !/^(bash-completion|doc|lintian|man)$/.test(name));
  return names
    .map((name) => `BindReadOnlyPaths=${listed(join(share ?? "", name))}:${listed(`/usr/share/${name}`)}\n`)
    .join("");
}

/** The folders that systemd made to mount them on; an earlier version wrote them without quotes. */
export function mountPoints(unit: string): string[] {
  return [...unit.matchAll(/^BindReadOnlyPaths=.*:"?(\/usr\/share\/[^"\n]+)"?$/gm)].map(
    ([, path = ""]) => path,
  );
}

export function targetText(units: string[]): string {
  return `[Unit]
Description=企业微信法律客服系统监控
Wants=${units.join(" ")}

[Install]
WantedBy=multi-user.target
`;
}

/** The user's own are what counts here. */
const OPERATORS_OWN = new Set(["HOME", "TMPDIR"]);

/** As systemd.exec(5) reads it: in double quotes, where a backslash guards these four characters. */
export function environmentText(env: Record<string, string>): string {
  return Object.entries(withoutOperators(env))
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, "\\$&")}"\n`)
    .join("");
}

function withoutOperators(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OPERATORS_OWN.has(name)));
}

/** As systemd.service(5) reads a command line: variables are put in everywhere but in the program's path. */
function commandLine(command: string[]): string {
  const words = command.map((word) => `"${escaped(word).replaceAll(/["\\]/g, "\\$&")}"`);
  return words.map((word, index) => (index === 0 ? word : word.replaceAll("$", "$$$$"))).join(" ");
}

/**
 * As systemd.exec(5) reads one of several paths: a backslash guards the colon between two, but no quote, and there are
 * no variables.
 */
function listed(path: string): string {
  return `"${escaped(path).replaceAll(/[\\:]/g, "\\$&").replaceAll('"', `"'"'"`)}"`;
}

/** Where a path stands alone. Specifiers (systemd.unit(5)) are not meant. */
function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}
