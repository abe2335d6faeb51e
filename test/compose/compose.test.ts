import assert from "node:assert/strict";
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseEnv } from "node:util";
import { eventually } from "../helpers/eventually.ts";
import { hostDisks, openAddresses, readRights, writableFolders, writableMounts } from "./confinement.ts";
import { WITHOUT_ENGINE } from "./engine.ts";
import * as memory from "./memory.ts";
import { MAIL_LOGIN, type Outside, startOutside } from "./outside.ts";
import { type ComposeStack, createComposeStack, SERVICES, type Service } from "./stack.ts";

/** Milliseconds for all of it, three times as long as it takes on a machine that does nothing else. */
const TIMEOUT = 900_000;
/** Seconds. A service is probed, scraped and judged every 15, and has a minute to come back. */
const TOLD_WITHIN = 180;
/** Percentage points that a disk may gain between two readings. */
const DISK_TOLERANCE = 0.5;

/** Where each service keeps what has to survive. */
const VOLUMES: Record<Service, string> = {
  exporter: "/data",
  relay: "/data",
  prometheus: "/prometheus",
  alertmanager: "/alertmanager",
  grafana: "/var/lib/grafana",
};
/** The container's own, and gone with it. */
const IN_MEMORY = ["/dev/mqueue", "/dev/shm", "/tmp"];

describe("docker compose on a real engine", { skip: WITHOUT_ENGINE, timeout: TIMEOUT }, () => {
  let outside: Outside;
  let stack: ComposeStack;
  let secrets: memory.Secrets;
  let silence: string;
  let known: memory.Memory;
  let archive: string;

  before(async () => {
    outside = await startOutside();
    stack = await createComposeStack(outside.settings);
    // Nothing on this machine listens there.
    stack.configure((text) => `${text}\n法律服务 = http://host.docker.internal:9/health\n`);
  });

  after(async () => {
    await stack?.remove();
    await outside?.close();
  });

  test("its configuration is clean, without .env and with", async () => {
    const dotenv = join(stack.folder, ".env");
    for (const prepare of [() => {}, () => copyFileSync(join(stack.folder, ".env.example"), dotenv)]) {
      prepare();
      const { stderr } = await stack.run("docker", ["compose", "config", "--quiet"], {});
      assert.equal(stderr, "");
    }
    rmSync(dotenv);
  });

  test("a checkout that the containers cannot read is refused, with the remedy", async () => {
    const folder = join(stack.folder, "prometheus");
    chmodSync(folder, 0o700);
    await assert.rejects(
      stack.compose("run", "--rm", "-T", "init"),
      /容器读不到 prometheus 文件夹.*chmod -R go\+rX config prometheus alertmanager grafana/,
    );
    chmodSync(folder, 0o755);
  });

  test("from a clean clone every part gets healthy", async () => {
    await stack.compose("up", "--detach", "--wait");
    for (const service of SERVICES) {
      assert.equal((await stack.inspect(service)).State.Health?.Status, "healthy", service);
    }
    const { State } = await stack.inspect("init");
    assert.deepEqual([State.Status, State.ExitCode], ["exited", 0]);
    secrets = await memory.readSecrets(stack);
    silence = await memory.createSilence(stack);
  });

  test("an event goes in, with the token alone, and Prometheus has it", async () => {
    assert.equal(await memory.postMessages(stack, 1), 401);
    assert.equal(await memory.postMessages(stack, 3, secrets.EXPORTER_TOKEN), 202);
    assert.equal(await memory.countMessages(stack), 3);
    await eventually("the total in Prometheus", async () => {
      const values = await memory.query(stack, "wecom_messages_total");
      return values.join() === "3";
    });
  });

  test("the disks are the host's, as df has them", async () => {
    const [seen, disks] = [await memory.diskUsage(stack), await hostDisks()];
    assert.ok(seen.has("/"), [...seen.keys()].join());
    for (const [place, percent] of seen) {
      const difference = Math.abs(percent - (disks.get(place) ?? Number.NaN));
      assert.ok(difference <= DISK_TOLERANCE, `${place}: ${percent} %, and ${disks.get(place)} % by df`);
    }
  });

  for (const service of SERVICES) {
    test(`${service} runs as nobody special and can write its volume alone`, async () => {
      const { State, Mounts } = await stack.inspect(service);
      const { users, capabilities, gainsNone } = readRights(State.Pid);
      assert.ok(!users.includes(0), `users ${users}`);
      assert.deepEqual({ capabilities, gainsNone }, { capabilities: 0n, gainsNone: true });
      assert.ok(!writableMounts(State.Pid, "/").includes("/"), "its root can be written");
      assert.deepEqual(await writableFolders(stack, service), [VOLUMES[service], ...IN_MEMORY].sort());
      assert.deepEqual(
        Mounts.filter(({ RW }) => RW).map(({ Type, Destination }) => [Type, Destination]),
        [["volume", VOLUMES[service]]],
      );
    });
  }

  test("the exporter sees the host and can neither write there nor open what is root's", async () => {
    const { State } = await stack.inspect("exporter");
    assert.deepEqual(writableMounts(State.Pid, "/host"), []);
    assert.equal(
      await stack.inside("exporter", "ls", "/host/proc"),
      "",
      "others' processes, with their secrets",
    );
    assert.ok(!readRights(State.Pid).groups.includes(0));
  });

  test("nothing listens beyond loopback, and the relay not even there", async () => {
    for (const url of Object.values(stack.urls)) {
      assert.deepEqual(await openAddresses(Number(new URL(url).port)), [], url);
    }
    for (const service of SERVICES) {
      const { Ports } = (await stack.inspect(service)).NetworkSettings;
      const published = Object.values(Ports).flatMap((bindings) => bindings ?? []);
      const expected = service === "relay" ? [] : ["127.0.0.1"];
      assert.deepEqual(
        published.map(({ HostIp }) => HostIp),
        expected,
        service,
      );
    }
  });

  test("an alert goes out, by the rules as they are committed", async () => {
    const told = await eventually(
      "the message",
      () => outside.wecom.messages.find(({ content }) => content.includes("服务 法律服务 无法访问")),
      TOLD_WITHIN,
    );
    assert.match(told.content, /严重告警/);
    assert.deepEqual(outside.wecom.refusals, []);
    // Alertmanager writes them down once a minute.
    await eventually("the silence on disk", () =>
      stack.inside("alertmanager", "grep", "-q", silence, "/alertmanager/silences").then(() => true),
    );
    known = await memory.readMemory(stack, secrets);
    assert.ok(known.history.length > 0);
    assert.deepEqual(known.logins, [200, 202]);
  });

  for (const service of SERVICES) {
    test(`${service} crashes: the engine brings it back, and nothing is lost`, async () => {
      assert.equal(await memory.postMessages(stack, 1, secrets.EXPORTER_TOKEN), 202);
      known.messages += 1;
      await stack.crash(service);
      memory.assertKept(known, await memory.readMemory(stack, secrets));
    });
  }

  test("restart, and down and up again: nothing is lost", async () => {
    await stack.compose("restart");
    await stack.compose("up", "--detach", "--wait");
    memory.assertKept(known, await memory.readMemory(stack, secrets));
    await stack.compose("down");
    await stack.compose("up", "--detach", "--wait");
    memory.assertKept(known, await memory.readMemory(stack, secrets));
  });

  test("npm start takes over what docker compose has begun, secrets included", async () => {
    const { stdout } = await stack.run("npm", ["start"]);
    assert.match(stdout, /使用 Docker/);
    const { EXPORTER_TOKEN, GRAFANA_ADMIN_PASSWORD } = parseEnv(
      readFileSync(join(stack.folder, ".env"), "utf8"),
    );
    assert.deepEqual({ EXPORTER_TOKEN, GRAFANA_ADMIN_PASSWORD }, secrets);
    memory.assertKept(known, await memory.readMemory(stack, secrets));
  });

  test("npm run apply makes a threshold live without a new container", async () => {
    const before = await Promise.all(SERVICES.map(async (service) => (await stack.inspect(service)).Id));
    stack.configure((text) => text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 71"));
    await stack.run("npm", ["run", "apply"]);
    assert.deepEqual(await memory.query(stack, 'monitoring:threshold{alert="HighCpuUsage"}'), [71]);
    const now = await Promise.all(SERVICES.map(async (service) => (await stack.inspect(service)).Id));
    assert.deepEqual(now, before);
  });

  describe("npm run apply and the mail password, which Alertmanager has no other way to", () => {
    const dotenv = () => join(stack.folder, ".env");
    let without: string;
    const apply = async (password: string, env: Record<string, string> = {}) => {
      const addresses = "EMAIL_FROM=a@example.com\nEMAIL_TO=b@example.com\n";
      writeFileSync(dotenv(), `${without}${addresses}SMTP_URL=${outside.smtpUrl(password)}\n`);
      await stack.run("npm", ["run", "apply"], { ...stack.given, ...env });
    };
    const known = () => stack.inside("alertmanager", "cat", "/secrets/smtp_password");

    before(() => {
      without = readFileSync(dotenv(), "utf8");
    });

    test("a first one, and another", async () => {
      await apply("yesterday's");
      assert.equal(await known(), "yesterday's");
      await apply(MAIL_LOGIN.password);
      assert.equal(await known(), MAIL_LOGIN.password);
    });

    test("the doctor finds WeCom and the mail server as the containers do", async () => {
      const { stdout } = await stack
        .run("npm", ["run", "--silent", "doctor", "--", "--json"])
        .catch((e) => e);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; level: string }[] };
      const levels = findings
        .filter(({ check }) => ["wecom", "mail"].includes(check))
        .map((one) => one.level);
      assert.deepEqual(levels, ["ok", "ok"], stdout);
      // It has asked for the time, and tried the robot's key with a message that is refused as empty.
      assert.deepEqual(outside.wecom.refusals.splice(0).sort(), [404, 44004]);
    });

    test("with it Alertmanager mails by itself that the relay is down, to a server of the firm's own", async () => {
      await memory.postAlert(stack, { alertname: "RelayDown", severity: "critical" });
      const mail = await eventually("the mail", () =>
        outside.mail.mails.find(({ text }) => text?.includes("由 Alertmanager 直接发出")),
      );
      assert.match(mail.subject ?? "", /^【严重告警】/);
    });

    test("the one before is back where a change fails half way", async () => {
      await assert.rejects(apply("tomorrow's", { GRAFANA_IMAGE: "localhost:9/nothing" }), /恢复/);
      assert.equal(await known(), MAIL_LOGIN.password);
    });

    test("none where .env has none", async () => {
      writeFileSync(dotenv(), without);
      await stack.run("npm", ["run", "apply"]);
      assert.doesNotMatch(await stack.inside("alertmanager", "ls", "/secrets"), /smtp_password/);
    });
  });

  test("npm stop leaves no container, and npm start finds all that there was", async () => {
    await stack.run("npm", ["stop"]);
    assert.equal(await stack.compose("ps", "--all", "--quiet"), "");
    await stack.run("npm", ["start"]);
    memory.assertKept(known, await memory.readMemory(stack, secrets));
    assert.deepEqual(outside.wecom.refusals, []);
  });

  test("no backup while another container is at work on the volumes; none of its locks outlives it", async () => {
    const program = `
      const { withVolumeLock } = await import("/app/scripts/backup/volume-lock.ts");
      await withVolumeLock("/stack/prometheus", 0, () => new Promise((end) => setTimeout(end, 3600_000)));`;
    const command = ["node", "--input-type=module", "--eval", program];
    const id = (await stack.compose("run", "--detach", "--no-deps", "backup", ...command)).trim();
    await eventually("the lock", () =>
      stack.run("docker", ["exec", id, "test", "-e", "/stack/prometheus/.backup-lock"]).then(() => true),
    );
    await assert.rejects(stack.run("npm", ["run", "backup"]), {
      code: 75,
      stderr: /❌ 另一个备份或恢复正在进行，请等它结束/,
    });
    await stack.run("docker", ["rm", "--force", id]);
  });

  test("a backup made while it runs brings everything back when the volumes are gone", async () => {
    const { stdout } = await stack.run("npm", ["run", "backup"]);
    archive = /已备份到 (\S+\.tar\.gz)（/.exec(stdout)?.[1] ?? stdout;
    await stack.compose("down", "--volumes");
    await stack.run("npm", ["run", "restore", "--", "--yes", archive]);
    await stack.run("npm", ["start"]);
    memory.assertKept(known, await memory.readMemory(stack, secrets));

    assert.equal(await memory.postMessages(stack, 1, secrets.EXPORTER_TOKEN), 202);
    await stack.run("npm", ["run", "restore", "--", "--yes", archive]);
    memory.assertKept(known, await memory.readMemory(stack, secrets));
  });

  test("daily backups begin where config.ini asks for them", async () => {
    stack.configure((text) => text.replace("backup_keep = 0", "backup_keep = 2"));
    await stack.run("npm", ["run", "apply"]);
    await eventually(
      "the first one",
      async () => /^daily-\S+\.tar\.gz$/m.test(await stack.inside("backup", "ls", "/backups")),
      TOLD_WITHIN,
    );
  });

  test("a backup of containers brings everything back natively, too", async () => {
    await stack.run("npm", ["stop"]);
    await stack.run("npm", ["run", "restore", "--", "--native", "--yes", archive]);
    await stack.run("npm", ["start", "--", "--native"]);
    assert.equal(await memory.countMessages(stack), known.messages);
    const { history, silences, since } = await memory.readPast(stack);
    assert.deepEqual({ silences, since }, { silences: known.silences, since: known.since });
    assert.ok(known.history.every((alert) => history.includes(alert)));
  });
});
