import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { SMTPServer } from "smtp-server";
import { makeCertificate } from "../helpers/certificate.ts";
import { cloneCheckout } from "./support/checkout-commands.ts";
import { temporaryFolder } from "./support/folder.ts";
import { startHttpProxy } from "./support/http-proxy.ts";
import { listen } from "./support/server.ts";

test("where nothing runs: exit code 1, and what to do", async (t) => {
  const { run } = cloneCheckout(t);
  const { code, out } = await run("doctor.ts");
  assert.equal(code, 1);
  assert.match(out, /❌ 监控系统没有在运行\n {3}影响：没有采集，也没有告警\n {3}办法：npm start\n/);
  const status = await run("status.ts");
  assert.deepEqual(status, {
    code: 1,
    out: "❌ 监控系统没有在运行。原因和办法：npm run doctor\n",
    error: "",
  });
  const alerts = await run("alerts.ts");
  assert.equal(alerts.code, 1);
  assert.match(alerts.out, /不知道现在有没有告警：监控系统没有在运行/);
  assert.deepEqual(await run("alerts.ts", "--json"), {
    code: 2,
    out: "",
    error: "❌ 监控系统没有在运行\n",
  });
});

test("a wrong option: exit code 2, and the right ones", async (t) => {
  const { run } = cloneCheckout(t);
  for (const [script, args, words] of [
    ["doctor.ts", ["--nonsense"], "❌ 选项不对。用法：npm run doctor [-- --json] [-- --send-test]\n"],
    ["status.ts", ["now"], "❌ 选项不对。用法：npm run status [-- --json]\n"],
    ["alerts.ts", ["--limit", "0"], "❌ --limit 应为 1 到 1000 的整数\n"],
    [
      "alerts.ts",
      ["--since", "yesterday"],
      "❌ --since 应为 30m、24h、7d 这样的时长，或者 2026-02-12T00:00:00+08:00 这样的时间\n",
    ],
  ] as const) {
    assert.deepEqual(await run(script, ...args), { code: 2, out: "", error: words });
  }
});

test("a config.ini that is refused does not keep the other checks from their work", async (t) => {
  const { folder, run } = cloneCheckout(t);
  writeFileSync(join(folder, "config/config.ini"), "[monitoring]\nalert_threshold_cpu = 180\n");
  const { code, out } = await run("doctor.ts");
  assert.equal(code, 1);
  assert.match(
    out,
    /❌ config\/config\.ini:2 \[monitoring\] alert_threshold_cpu = 180：应为 1 到 100 的数字（百分比）\n/,
  );
  assert.match(out, /❌ 一个通知渠道都没有设置\n/);
  writeFileSync(join(folder, ".env"), "WECOM_CORP_ID=half\n");
  const half = await run("doctor.ts");
  assert.match(half.out, /❔ 没有查：通知渠道、企业微信、邮件服务器、与外面的时间相比（设置有错，先改好）\n/);
  rmSync(join(folder, "config/config.ini"));
  assert.match(
    (await run("doctor.ts")).out,
    /办法：把它放回去（没有备份就 git checkout config\/config\.ini），再执行 npm start\n/,
  );
});

test("a folder for daily backups that cannot be one is refused before anything is changed", async (t) => {
  const { folder, run } = cloneCheckout(t, { BACKUP_DIR: "/dev/null/archives" });
  const config = join(folder, "config/config.ini");
  const ask = async (keep: number) => {
    writeFileSync(config, `[monitoring]\nbackup_keep = ${keep}\n`);
    return (await run("apply.ts")).error;
  };
  assert.match(await ask(2), /BACKUP_DIR：\/dev\/null\/archives 不能用作目录，因为 \/dev\/null 不是目录/);
  assert.match(await ask(0), /没有在运行，请执行 npm start/);
});

test("what changes something takes no option that there is not", async (t) => {
  const { run } = cloneCheckout(t);
  for (const [script, usage] of [
    ["up.ts", "npm start "],
    ["down.ts", "npm stop"],
    ["apply.ts", "npm run apply"],
    ["backup.ts", "npm run backup "],
    ["restore.ts", "npm run restore "],
    ["install-service.ts", "npm run install-service"],
    ["uninstall-service.ts", "npm run uninstall-service"],
  ] as const) {
    const { code, out, error } = await run(script, "--help");
    assert.deepEqual({ code, out }, { code: 1, out: "" }, script);
    assert.ok(error.startsWith(`\n❌ 选项不对。用法：${usage}`), error);
  }
});

test("two parts on one port: told, and no more", async (t) => {
  const { folder, run } = cloneCheckout(t);
  writeFileSync(join(folder, "config/config.ini"), "[monitoring]\nmetrics_port = 9090\n");
  const { code, out } = await run("doctor.ts");
  assert.equal(code, 1);
  assert.match(out, /❌ 端口 9090 被分给了 采集程序（.*）和 Prometheus（.*），各部分的端口必须不同\n/);
  assert.match(out, /办法：改其中一项，再执行 npm start\n/);
  assert.equal((await run("status.ts")).code, 1);
});

const PLANTED = {
  EXPORTER_TOKEN: "exporter-token-a1b2",
  RELAY_TOKEN: "relay-token-c3d4",
  GRAFANA_ADMIN_PASSWORD: "grafana-password-e5f6",
  WECOM_ROBOT_KEY: "robot-key-5b64",
  WECOM_CORP_ID: "ww0123",
  WECOM_AGENT_ID: "1000002",
  WECOM_SECRET: "corp-secret-9d0e",
  WECOM_TO_USER: "zhangsan",
  EMAIL_FROM: "a@example.com",
  EMAIL_TO: "b@example.com",
};

test("WeCom is asked through the proxy, and whatever it and the mail server repeat, no secret is printed", async (t) => {
  const wecom = await listen(t, (request, response) => {
    const headers = JSON.stringify(request.headers);
    const errmsg = `${PLANTED.EXPORTER_TOKEN} ${decodeURIComponent(request.url ?? "")} ${headers}`;
    response.end(JSON.stringify({ errcode: 93000, errmsg }));
  });
  const mail = createServer((socket) => {
    socket.on("error", () => {});
    socket.write("220 hello\r\n");
    socket.on("data", (data) =>
      socket.write(
        /^EHLO/.test(String(data))
          ? "250-hello\r\n250 AUTH PLAIN LOGIN\r\n"
          : `535 no: ${data}mail-password-77e0\r\n`,
      ),
    );
  });
  await new Promise<void>((resolve) => mail.listen(0, "127.0.0.1", resolve));
  t.after(() => mail.close());
  const { port } = mail.address() as { port: number };
  const proxy = await startHttpProxy(t, wecom);
  const { run } = cloneCheckout(t, {
    ...PLANTED,
    WECOM_API_BASE: "http://wecom.example",
    HTTP_PROXY: proxy.url.replace("//", "//proxy-user:proxy-password-31aa@"),
    SMTP_URL: `smtp://user:mail-password-77e0@127.0.0.1:${port}`,
  });
  const [text, json] = [await run("doctor.ts"), await run("doctor.ts", "--json")];
  assert.ok(proxy.asked.includes("POST http://wecom.example/cgi-bin/webhook/send"), proxy.asked.join());
  assert.match(text.out, /❌ 企业微信不接受群机器人：errcode 93000/);
  assert.match(text.out, /❌ 邮件服务器 127\.0\.0\.1:\d+ 不接受用户名或密码（535）/);
  const secrets = [
    "token-",
    "grafana-password",
    "robot-key-5b64",
    "corp-secret-9d0e",
    "mail-password",
    "proxy-password",
  ];
  for (const secret of secrets) {
    for (const { out, error } of [text, json]) assert.ok(!`${out}${error}`.includes(secret), secret);
  }
  const report = JSON.parse(json.out);
  assert.equal(report.result, "problems");
  assert.equal(
    report.summary.problem,
    report.findings.filter(({ level }: { level: string }) => level === "problem").length,
  );
  const robot = report.findings.find(
    ({ check, level }: Record<string, string>) => check === "wecom" && level === "problem",
  );
  assert.deepEqual(Object.keys(robot).sort(), [
    "check",
    "level",
    "question",
    "remedy",
    "title",
    "what",
    "why",
  ]);
});

test("where nobody reads what it prints, it ends as ever", async (t) => {
  const { runUnread } = cloneCheckout(t);
  for (const script of ["doctor.ts", "status.ts", "down.ts"]) {
    const { code, error } = await runUnread(script);
    assert.deepEqual({ code, error }, { code: script === "down.ts" ? 0 : 1, error: "" }, script);
  }
});

test("WeCom and a mail server of the firm's own are trusted by the authorities that .env names", async (t) => {
  const { key, certificate } = makeCertificate(temporaryFolder(t), "IP:127.0.0.1");
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const mail = new SMTPServer({
    ...options,
    secure: true,
    onAuth: (_auth, _session, done) => done(null, { user: "u" }),
  });
  await new Promise<void>((resolve) => mail.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => mail.close(() => resolve())));
  // One that does not trust it hangs up.
  mail.on("error", () => {});
  const wecom = createHttpsServer(
    options,
    (_, response) => void response.end('{"errcode":44004,"errmsg":"empty"}'),
  );
  await new Promise<void>((resolve) => wecom.listen(0, "127.0.0.1", resolve));
  t.after(() => wecom.close());
  const settings = {
    ...PLANTED,
    WECOM_SECRET: "",
    WECOM_CORP_ID: "",
    WECOM_AGENT_ID: "",
    WECOM_TO_USER: "",
    WECOM_API_BASE: `https://127.0.0.1:${(wecom.address() as AddressInfo).port}`,
    SMTP_URL: `smtps://user:pass@127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
  };
  const told = async (more: object) => {
    const { out } = await cloneCheckout(t, { ...settings, ...more }).run("doctor.ts", "--json");
    const { findings } = JSON.parse(out) as { findings: Record<string, string>[] };
    return findings.filter(({ check = "" }) => ["wecom", "mail"].includes(check));
  };
  for (const { level, remedy } of await told({})) {
    assert.equal(level, "problem");
    assert.match(remedy ?? "", /\.env 里写 NODE_EXTRA_CA_CERTS=/);
  }
  const trusting = await told({ NODE_EXTRA_CA_CERTS: certificate });
  assert.deepEqual(
    trusting.map(({ level, check }) => [check, level]),
    [
      ["wecom", "ok"],
      ["mail", "ok"],
    ],
  );
});

test("it ends within 15 seconds though Docker, WeCom and the mail server hang", async (t) => {
  const hanging = await listen(t, () => {});
  const mute = createServer((socket) => void socket.on("error", () => {}));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  const { port } = mute.address() as { port: number };
  const { addProgram, run } = cloneCheckout(t, {
    ...PLANTED,
    WECOM_API_BASE: hanging,
    SMTP_URL: `smtp://127.0.0.1:${port}`,
  });
  addProgram("docker", "#!/bin/sh\nexec sleep 20\n");
  const begun = performance.now();
  const { code, out } = await run("doctor.ts");
  assert.ok(performance.now() - begun < 15_000);
  assert.equal(code, 1);
  assert.match(out, /用不了 Docker（Docker 引擎没有应答）/);
  assert.match(out, /❌ 企业微信 7 秒内没有应答\n/);
  assert.match(out, /❌ 邮件服务器 127\.0\.0\.1:\d+ 没有应答\n/);
});
