import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { environmentText } from "../../scripts/service/unit.ts";
import type { ProcessSpec } from "../../scripts/stack/processes.ts";
import { eventually } from "../helpers/eventually.ts";
import { type BootedMachine, bootSystemd, CHECKOUT, cannotBoot } from "../helpers/systemd.ts";

const STATE = "/var/lib/wecom-legal-monitoring";
const PARTS = ["alertmanager", "exporter", "prometheus", "relay"];
const unitOf = (part: string) => `wecom-monitoring-${part}.service`;

describe("a service of a machine with systemd", { skip: cannotBoot(), timeout: 900_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let machine: BootedMachine;
  let untouched: string;

  before(async () => {
    machine = await bootSystemd({ after: (end) => void ends.push(end) });
    untouched = await belongings();
  });
  after(async () => {
    for (const end of ends) await end();
  });

  const shell = async (script: string) => (await machine.run("bash", "-c", script)).output.trim();
  const script = (name: string, ...prefix: string[]) =>
    machine.run(
      ...prefix,
      "env",
      `PATH=${CHECKOUT}/node_modules/.bin:/usr/sbin:/usr/bin`,
      "node",
      `scripts/${name}.ts`,
    );
  /** Kills the command at the moment it calls a program. */
  const scriptKilledAt = (program: string, name: string) =>
    machine.run(
      "bash",
      "-c",
      `mkdir -p /run/killing; printf '#!/bin/sh\\nkill -9 $PPID\\n' > /run/killing/${program}; chmod +x /run/killing/${program}
      PATH=/run/killing:${CHECKOUT}/node_modules/.bin:/usr/sbin:/usr/bin node scripts/${name}.ts; rm -r /run/killing`,
    );
  const show = (unit: string, property: string) =>
    shell(`systemctl show --property=${property} --value ${unit}`);
  const active = async () => {
    const states = await Promise.all(PARTS.map((part) => show(unitOf(part), "ActiveState")));
    return states.every((state) => state === "active");
  };
  const scrape = () => shell("curl -s http://localhost:8001/metrics");

  /** What an installation could leave behind. */
  async function belongings(): Promise<string> {
    const places =
      "/etc /var/lib /usr/share /usr/local /run/systemd/system /opt -xdev -path '*/node_modules' -prune -o";
    // apt and dpkg are the machine's own business, backups of the users' lists the system's.
    return shell(
      `find ${places} -maxdepth 3 -print | grep -vE '/(passwd|shadow|group|gshadow|subuid|subgid)-$|/\\.pwd\\.lock$' | sort; getent passwd; getent group`,
    );
  }

  test("is not installed where its user could not run it, and nothing is changed then", async () => {
    await shell("chmod 700 /opt");
    const closed = await script("install-service");
    assert.match(closed.output, /❌ 其他用户不能进入 \/opt，/);
    await shell("chmod 755 /opt; chmod o-r node_modules/express/package.json");
    const unreadable = await script("install-service");
    assert.match(unreadable.output, /❌ 其他用户读不全 \/opt\/monitoring 里的程序/);
    await shell("chmod o+r node_modules/express/package.json");
    await shell("useradd --create-home wecom-monitoring");
    const taken = await script("install-service");
    assert.match(taken.output, /❌ 系统里已有用户 wecom-monitoring（主目录 \/home\/wecom-monitoring）/);
    await shell("userdel --remove wecom-monitoring");
    assert.deepEqual([closed.code, unreadable.code, taken.code], [1, 1, 1]);
    assert.equal(await belongings(), untouched);
  });

  test("is installed with a word on what that does; every part runs as its own user", async () => {
    await shell(
      "cp -p config/config.ini config/before-restore-native.ini; echo '# half' >> config/config.ini",
    );
    const { code, output } = await script("install-service");
    assert.equal(code, 0, output);
    assert.match(output, /上一次恢复没有完成，换回原来的数据和 config.ini/);
    assert.equal(await shell("grep half config/config.ini; find config -name 'before-restore-*'"), "");
    assert.match(
      output,
      /安装系统服务：\n {2}1\. 新建系统用户 wecom-monitoring.*\n {2}2\. .*\.stack 移到 \/var\/lib/,
    );
    assert.ok(await active());
    for (const part of PARTS) {
      const pid = await show(unitOf(part), "MainPID");
      assert.equal(await shell(`stat -c %U /proc/${pid}`), "wecom-monitoring", part);
      assert.match(
        await shell(`grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/${pid}/status | tr -d '\\n\\t'`),
        /CapEff:0+NoNewPrivs:1Seccomp:2/,
      );
    }
    assert.equal(await shell("systemctl is-enabled wecom-monitoring.target"), "enabled");
  });

  test("measures the host, its disks included, and shuts the parts in", async () => {
    await eventually("five collectors", async () => {
      return (await scrape()).match(/^monitoring_collector_success\{.*\} 1$/gm)?.length === 5;
    });
    assert.match(await scrape(), /^system_disk_usage_percent\{mountpoint="\/"/m);
    const pid = await show(unitOf("relay"), "MainPID");
    for (const path of [CHECKOUT, "/usr", "/etc", STATE])
      assert.notEqual((await machine.run("nsenter", "-t", pid, "-m", "touch", `${path}/x`)).code, 0, path);
    assert.equal((await machine.run("nsenter", "-t", pid, "-m", "touch", `${STATE}/data/x`)).code, 0);
    assert.equal(
      await shell(`rm ${STATE}/data/x; stat -c '%a %U' ${STATE} ${STATE}/data ${STATE}/run`),
      "750 root\n700 wecom-monitoring\n700 root",
    );
  });

  test("brings back what dies, and forgets nothing", async () => {
    const token = /^EXPORTER_TOKEN=(.+)$/m.exec(readFileSync(machine.file(`${CHECKOUT}/.env`), "utf8"))?.[1];
    const status = await shell(
      `curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer ${token}' -d '{"type":"case"}' http://localhost:8001/events`,
    );
    assert.equal(status, "202");
    const before = await show(unitOf("exporter"), "MainPID");
    await shell(`kill -9 ${before}`);
    await eventually("the exporter is back", async () => /^cases_total 1$/m.test(await scrape()));
    assert.notEqual(await show(unitOf("exporter"), "MainPID"), before);
  });

  test("npm start finds all of it running; npm stop ends it; a boot starts it", async () => {
    const again = await script("up");
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /各部分都已在运行，没有改动/);
    const stopped = await script("down");
    assert.match(stopped.output, /监控系统已停止，数据都已保留/);
    assert.equal(await active(), false);
    // All that a boot does for it: nothing of ours is called.
    await shell("systemctl stop wecom-monitoring.target; systemctl restart multi-user.target");
    await eventually("every part is up", active);
    assert.match((await script("up")).output, /各部分都已在运行，没有改动/);
  });

  test("a boot after a power cut in a restore starts nothing before npm start has taken it back", async () => {
    await shell(`cp config/config.ini config/before-restore-native.ini
      systemctl stop wecom-monitoring.target; rm /run/wecom-monitoring-started; systemctl restart multi-user.target`);
    for (const part of PARTS) assert.equal(await show(unitOf(part), "ConditionResult"), "no", part);
    assert.equal(await active(), false);
    const { code, output } = await script("up");
    assert.equal(code, 0, output);
    assert.match(output, /上一次恢复没有完成，换回原来的数据和 config.ini/);
    assert.ok(await active());
  });

  test("a part that does not start: the end of its journal is shown, and the others are stopped again", async () => {
    await script("down");
    const folder = `/etc/systemd/system/${unitOf("relay")}.d`;
    const dying =
      '[Service]\nExecStart=\nExecStart=/bin/sh -c "echo its last words; exit 1"\nRestartSec=600\n';
    await shell(`mkdir ${folder}; printf '${dying}' > ${folder}/dying.conf`);
    const { code, output } = await script("up");
    assert.equal(code, 1);
    assert.match(
      output,
      /告警转发 启动后就退出了。日志 journalctl -u wecom-monitoring-relay\.service 的末尾：\n.*its last words/s,
    );
    assert.equal(await show(unitOf("exporter"), "ActiveState"), "inactive");
    await shell(`rm -r ${folder}; systemctl daemon-reload`);
    assert.equal((await script("up")).code, 0);
  });

  test("npm stop also stops what dies each time that systemd starts it", async () => {
    const folder = `/etc/systemd/system/${unitOf("relay")}.d`;
    const dying = "[Service]\nExecStart=\nExecStart=/bin/false\nRestartSec=600\n";
    await shell(`mkdir ${folder}; printf '${dying}' > ${folder}/dying.conf; systemctl daemon-reload`);
    await shell(`systemctl restart ${unitOf("relay")}`);
    await eventually("it is to be started again", async () => {
      return (await show(unitOf("relay"), "SubState")) === "auto-restart";
    });
    const { output } = await script("down");
    assert.match(output, /停止 告警转发/);
    assert.equal(await show(unitOf("relay"), "ActiveState"), "inactive");
    await shell(`rm -r ${folder}; systemctl daemon-reload`);
    const again = await script("up");
    assert.equal(again.code, 0, again.output);
  });

  test("a secret in a file that its user may not read is refused, and all goes on; the remedy is right", async () => {
    const dotenv = machine.file(`${CHECKOUT}/.env`);
    const text = readFileSync(dotenv, "utf8");
    await shell("install -m 600 /dev/null /opt/secret");
    writeFileSync(dotenv, `${text}WECOM_SECRET_FILE=/opt/secret\n`);
    const { code, output } = await script("apply");
    writeFileSync(dotenv, text);
    assert.equal(code, 1);
    assert.match(
      output,
      /❌ WECOM_SECRET_FILE：系统用户 wecom-monitoring 读不到 \/opt\/secret。请执行 chgrp/,
    );
    await shell("chgrp wecom-monitoring /opt/secret && chmod g+r /opt/secret");
    const file = "WECOM_SECRET_FILE=/opt/secret\n";
    const told = async (mode: string) => {
      writeFileSync(dotenv, text + file);
      const { output } = await script("doctor");
      writeFileSync(dotenv, text);
      return output.includes("其他用户能读 /opt/secret") ? `${mode} is told` : mode;
    };
    assert.equal(await told("640"), "640");
    await shell("chmod o+r /opt/secret");
    assert.equal(await told("644"), "644 is told");
    await shell("rm /opt/secret");
    assert.ok(await active());
  });

  test("daily backups are a unit while they are wanted, and no boot brings them back after", async () => {
    const config = machine.file(`${CHECKOUT}/config/config.ini`);
    const text = readFileSync(config, "utf8");
    writeFileSync(config, text.replace("backup_keep = 0", "backup_keep = 2"));
    const wanted = await script("apply");
    assert.equal(wanted.code, 0, wanted.output);
    const unit = unitOf("backup");
    assert.equal(await show(unit, "ActiveState"), "active");
    assert.equal(await shell("stat -c '%a %U' backups"), "700 root");
    writeFileSync(config, text);
    const unwanted = await script("apply");
    assert.equal(unwanted.code, 0, unwanted.output);
    assert.deepEqual(
      [await show(unit, "LoadState"), await show(unit, "ActiveState")],
      ["not-found", "inactive"],
    );
    assert.doesNotMatch(await show("wecom-monitoring.target", "Wants"), /backup/);
    assert.ok(await active());
  });

  test("npm run apply changes the unit of the part that it concerns, and reloads the others", async () => {
    const pids = async () => Promise.all(PARTS.map((part) => show(unitOf(part), "MainPID")));
    const config = machine.file(`${CHECKOUT}/config/config.ini`);
    const text = readFileSync(config, "utf8");
    const before = await pids();
    writeFileSync(config, text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 71"));
    const reloaded = await script("apply");
    assert.equal(reloaded.code, 0, reloaded.output);
    assert.deepEqual(await pids(), before);
    writeFileSync(config, text.replace("retention_days = 90", "retention_days = 30"));
    const restarted = await script("apply");
    assert.equal(restarted.code, 0, restarted.output);
    assert.match(await shell(`systemctl cat ${unitOf("prometheus")}`), /retention\.time=30d/);
    const isSame = (await pids()).map((pid, index) => pid === before[index]);
    assert.deepEqual(isSame, [true, true, false, false]);
  });

  test("is nobody's but root's to change", async () => {
    const anybody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const changing = ["up", "down", "apply", "backup", "install-service", "uninstall-service"];
    for (const name of [...changing, "doctor", "status", "alerts"]) {
      const { code, output } = await script(name, ...anybody);
      assert.equal(code, changing.includes(name) ? 1 : 2, name);
      assert.match(output, /❌ (监控已安装成系统服务：)?请用 root 执行，例如在命令前加 sudo\n/, name);
    }
    assert.ok(await active());
  });

  test("a machine has one: another checkout is told which", async () => {
    // A clean clone, as far as its folder goes.
    await shell(`mkdir -p /opt/other /run/other/{up,work}; mount -t overlay overlay \
      -o lowerdir=${CHECKOUT},upperdir=/run/other/up,workdir=/run/other/work /opt/other; rm /opt/other/.stack`);
    const { code, output } = await machine.run(
      ...["env", "-C", "/opt/other", `PATH=${CHECKOUT}/node_modules/.bin:/usr/sbin:/usr/bin`],
      ...["node", "scripts/install-service.ts"],
    );
    assert.equal(code, 1, output);
    assert.match(output, /已经存在，属于 \/opt\/monitoring 的安装。请先在那里执行 npm run uninstall-service/);
    await shell("umount /opt/other; rmdir /opt/other; rm -r /run/other");
    assert.ok(await active());
  });

  test("hands over commands, variables and folders as they are, whatever stands in them", async () => {
    const odd = ["a b", "$HOME $$ $(id)", "50%", `it's "so"`, "back\\slash\\n", "`id`", "法律"];
    const env = Object.fromEntries(odd.map((value, index) => [`ODD_${index}`, value]));
    writeFileSync(machine.file("/run/odd.env"), environmentText({ ...env, HOME: "/root" }));
    const print =
      'for name in 0 1 2 3 4 5 6; do eval "echo \\"\\$ODD_$name\\""; done; echo "$@"; echo "$HOME"';
    const spec = { name: "relay", env: {}, readyUrl: "", fingerprint: "" };
    const folder = "/run/50% a: $b";
    const program = join(folder, "bash");
    const data = `it's "data\\`;
    for (const name of [data, "share/odd-share"])
      mkdirSync(machine.file(join(folder, name)), { recursive: true });
    writeFileSync(machine.file(join(folder, "share/odd-share/page")), "the page\n");
    symlinkSync("/bin/bash", machine.file(program));
    const finds =
      "cat /usr/share/odd-share/page; pwd; ! touch x 2> /dev/null && cd it* && touch x && echo written";
    const inPackage = ["unshare", "sh", "-c", "mount …", join(folder, "share")];
    const odder: ProcessSpec = {
      ...spec,
      cwd: folder,
      command: [...inPackage, program, "-c", `${print}; ${finds}`, "bash", ...odd],
    };
    const options = {
      writable: [`${STATE}/data`, join(folder, data)],
      environmentFile: "/run/odd.env",
      unfinishedRestore: join(folder, "aside.ini"),
    };
    // In there, where the package is.
    const write = `import { unitText } from "${CHECKOUT}/scripts/service/unit.ts";
      process.stdout.write(unitText(...JSON.parse(process.argv[1])));`;
    const node = `${CHECKOUT}/node_modules/.bin/node`;
    const asked = JSON.stringify([odder, options]);
    const { output: unit } = await machine.run(node, "--input-type=module", "--eval", write, asked);
    const once = unit
      .replace("Type=exec", "Type=oneshot\nStandardOutput=file:/run/odd.txt")
      .replace("Restart=always", "Restart=no");
    writeFileSync(machine.file("/etc/systemd/system/odd.service"), once);
    await machine.run("chown", "wecom-monitoring", join(folder, data));
    const { output } = await machine.run("systemctl", "start", "odd.service");
    assert.equal(
      await shell("cat /run/odd.txt"),
      [...odd, odd.join(" "), STATE, "the page", folder, "written"].join("\n"),
      output,
    );
    await shell("rm /etc/systemd/system/odd.service; systemctl daemon-reload; rmdir /usr/share/odd-share");
  });

  test("an uninstallation that is broken off before the data has been copied leaves the service", async () => {
    await scriptKilledAt("cp", "uninstall-service");
    assert.equal(await shell("readlink .stack"), STATE);
    const { code, output } = await script("up");
    assert.equal(code, 0, output);
    assert.ok(await active());
  });

  test("one that is broken off later is finished by the next; nothing else touches what it has left", async () => {
    // What somebody has removed by hand is no trouble. The checkout is somebody's who is not root.
    await shell(`rm /etc/systemd/system/${unitOf("exporter")} /etc/systemd/system/wecom-monitoring.target
      systemctl daemon-reload; chown 65534:65534 .; touch backups/old.tar.gz`);
    await scriptKilledAt("chown", "uninstall-service");
    for (const name of ["up", "down", "status"]) {
      const { output } = await script(name);
      assert.match(output, /❌ 上一次 npm run uninstall-service 没有做完：请用 root 再执行一次/, name);
    }
  });

  test("is uninstalled without a trace; the data is where it was, and npm start goes on with it", async () => {
    const { code, output } = await script("uninstall-service");
    assert.equal(code, 0, output);
    assert.equal(await shell("stat -c %U .env"), "nobody");
    await shell(`rm -f ${CHECKOUT}/.env`);
    assert.equal(await belongings(), untouched);
    // Where cgroups are not of version 2 nothing tells systemd that one has become empty: it looks when it reloads.
    const known = "systemctl daemon-reload; systemctl list-units --all --plain --no-legend 'wecom*'";
    assert.equal(await shell(known), "");
    // Its owner's, all of it.
    assert.equal(
      await shell("stat -c '%a %U' .stack backups backups/old.tar.gz"),
      "700 nobody\n700 nobody\n644 nobody",
    );
    assert.equal(await shell("find .stack ! -user nobody"), "");
    const up = await machine.run(
      "env",
      `PATH=${CHECKOUT}/node_modules/.bin:/usr/sbin:/usr/bin`,
      "node",
      "scripts/up.ts",
      "--native",
    );
    assert.equal(up.code, 0, up.output);
    assert.match(await scrape(), /^cases_total 1$/m);
    await script("down");
  });
});
