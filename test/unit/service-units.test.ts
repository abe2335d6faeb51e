import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { TARGET, unitName } from "../../scripts/service/names.ts";
import { mountPoints, unitText } from "../../scripts/service/unit.ts";
import { writeUnit } from "../../scripts/service/units.ts";
import { readPorts } from "../../scripts/stack/addresses.ts";
import { createParts, type Part } from "../../scripts/stack/parts.ts";
import { PROJECT, type StatePaths, statePaths } from "../../scripts/stack/project.ts";
import { testConfig } from "./support/exporter.ts";
import { temporaryFolder } from "./support/folder.ts";

/** systemd's own measure, from 0 to 10; below 2 it says "OK". */
const EXPOSURE = 1.7;
/** Of the one that is root. */
const BACKUP_EXPOSURE = 2.4;

const OPTIONS = { writable: ["/data"], environmentFile: "/env", unfinishedRestore: "/config/aside.ini" };

const cannotAnalyze =
  spawnSync("systemd-analyze", ["--version"]).error !== undefined && "there is no systemd-analyze here";

interface Written {
  folder: string;
  paths: StatePaths;
  parts: Part[];
}

/** @param change to a part before its unit is written */
function writeUnits(t: TestContext, { project = PROJECT, change = (part: Part) => part } = {}): Written {
  const folder = temporaryFolder(t);
  const paths = statePaths(join(folder, "state"));
  mkdirSync(paths.data, { recursive: true });
  const program = join(folder, "server");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  const server = { command: [program], tool: undefined, version: "1.0.0", origin: "", home: undefined };
  const config = testConfig({ metricsPort: 8001, backup: { keep: 7, hour: 3 } });
  const parts = createParts({
    project,
    paths,
    config,
    env: {
      GRAFANA_ADMIN_PASSWORD: "grafana-secret",
      WECOM_ROBOT_KEY: "robot-secret",
      RELAY_TOKEN: "relay-secret",
      BACKUP_DIR: join(folder, "archives"),
    },
    ports: readPorts(config, {}),
    servers: { prometheus: server, alertmanager: server, grafana: server },
  }).map(change);
  for (const part of parts) writeUnit(part, paths, folder);
  return { folder, paths, parts };
}

/** What systemd has to say of them. */
function verify({ folder, parts }: Written): string[] {
  const units = [TARGET, ...parts.map(({ name }) => unitName(name))];
  // Its own units are not looked at: what is wrong with them is the machine's.
  const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", ...units], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
  });
  const ours = (stdout + stderr).split("\n").filter((line) => line.includes("wecom"));
  return status === 0 ? ours : [...ours, `status ${status}`];
}

suite("the units of an installed service", { skip: cannotAnalyze }, () => {
  test("are read by systemd without a word", (t) => {
    assert.deepEqual(verify(writeUnits(t)), []);
  });

  test("so are those of a checkout whose path has a space, $ and others in it", (t) => {
    const project = join(temporaryFolder(t), `it's 50% "a: $b\\c`);
    symlinkSync(PROJECT, project);
    const share = join(project, "../share: $d");
    mkdirSync(join(share, "prometheus"), { recursive: true });
    // As Debian's packages run where they are not installed.
    const wrapped = (part: Part) =>
      part.name === "prometheus"
        ? { ...part, command: ["unshare", "sh", "-c", "mount …", share, ...part.command] }
        : part;
    assert.deepEqual(verify(writeUnits(t, { project, change: wrapped })), []);
  });

  test(`are exposed to ${EXPOSURE} of 10 and less`, (t) => {
    const { folder, parts } = writeUnits(t);
    for (const { name } of parts) {
      const { stdout, stderr } = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--no-pager", "--json=off", join(folder, unitName(name))],
        { encoding: "utf8" },
      );
      const level = Number(/exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
      const limit = name === "backup" ? BACKUP_EXPOSURE : EXPOSURE;
      assert.ok(level <= limit, `${name}: ${level} ${stderr}`);
    }
  });
});

test("secrets are in files of root's alone, not in units, which everybody can read", (t) => {
  const { folder, paths, parts } = writeUnits(t);
  for (const { name } of parts) {
    assert.doesNotMatch(readFileSync(join(folder, unitName(name)), "utf8"), /-secret/);
    assert.equal(statSync(join(paths.run, `${name}.env`)).mode & 0o777, 0o600);
  }
  assert.equal(statSync(paths.run).mode & 0o777, 0o700);
  assert.match(readFileSync(join(paths.run, "relay.env"), "utf8"), /^WECOM_ROBOT_KEY="robot-secret"$/m);
});

test("only the exporter sees /home, and a checkout that lies there", (t) => {
  const { parts } = writeUnits(t);
  const home = (part: Part) => /^ProtectHome=(.*)$/m.exec(unitText(part, OPTIONS))?.[1];
  const homes = parts.map((part) => [
    part.name,
    home({ ...part, cwd: "/opt/x", command: ["/opt/x/server"] }),
  ]);
  assert.deepEqual(Object.fromEntries(homes), {
    relay: "yes",
    alertmanager: "yes",
    exporter: "read-only",
    prometheus: "yes",
    grafana: "yes",
    backup: "yes",
  });
  const relay = parts.find(({ name }) => name === "relay");
  assert.ok(relay);
  assert.equal(home({ ...relay, cwd: "/home/ops/monitoring" }), "read-only");
  const elsewhere = { ...relay, cwd: "/opt/x", command: ["/opt/x/server"] };
  assert.equal(home({ ...elsewhere, env: { WECOM_SECRET_FILE: "/home/ops/secret" } }), "read-only");
  assert.equal(home({ ...elsewhere, env: { HOME: "/root/x" } }), "yes");
});

test("a server writes its own folder alone; exporter and relay share theirs", (t) => {
  const { folder, paths, parts } = writeUnits(t);
  const writable = parts.map(({ name }) => {
    const unit = readFileSync(join(folder, unitName(name)), "utf8");
    return [name, /^ReadWritePaths=(.*)$/m.exec(unit)?.[1]];
  });
  assert.deepEqual(Object.fromEntries(writable), {
    relay: `"${paths.data}"`,
    exporter: `"${paths.data}"`,
    prometheus: `"${paths.data}/prometheus"`,
    alertmanager: `"${paths.data}/alertmanager"`,
    grafana: `"${paths.data}/grafana"`,
    backup: `"${paths.root}" "${folder}/archives"`,
  });
});

test("what makes the backups reads everybody's files, and has nothing else of root's", (t) => {
  const { folder } = writeUnits(t);
  const unit = readFileSync(join(folder, unitName("backup")), "utf8");
  assert.match(unit, /^User=root$/m);
  assert.match(
    unit,
    /^CapabilityBoundingSet=\n(?:.*\n)*CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER$/m,
  );
  assert.match(unit, /^IPAddressDeny=any\nIPAddressAllow=localhost$/m);
  assert.equal(statSync(join(folder, "archives")).mode & 0o777, 0o700);
});

test("a server from a package that is not installed finds its files without a wrapper", (t) => {
  const share = temporaryFolder(t);
  for (const name of ["prometheus", "doc", "man"]) mkdirSync(join(share, name));
  const wrapper = ["unshare", "--mount", "sh", "-c", "mount … && exec", share];
  const spec = { name: "alertmanager", cwd: "/", env: {}, readyUrl: "", fingerprint: "" };
  const unit = unitText({ ...spec, command: [...wrapper, "/servers/alertmanager", "--flag"] }, OPTIONS);
  assert.match(unit, /^ExecStart="\/servers\/alertmanager" "--flag"$/m);
  assert.ok(unit.includes(`BindReadOnlyPaths="${share}/prometheus":"/usr/share/prometheus"\n`));
  assert.deepEqual(mountPoints(unit), ["/usr/share/prometheus"]);
  assert.deepEqual(mountPoints(unit.replaceAll('"', "")), ["/usr/share/prometheus"], "of an earlier version");
});
