import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";

const KEY = "robot-key-for-tests";
let stack: TestStack;
let wecom: WecomServer;
/** What the mail server takes. */
let password = "right";
const mail = new SMTPServer({
  disabledCommands: ["STARTTLS"],
  allowInsecureAuth: true,
  onAuth: (auth, _session, done) =>
    auth.password === password ? done(null, { user: "user" }) : done(new Error("no")),
});

before(async () => {
  wecom = await startWecomServer([KEY]);
  await new Promise<void>((resolve) => mail.listen(0, "127.0.0.1", resolve));
  const { port } = mail.server.address() as AddressInfo;
  stack = await createTestStack({
    WECOM_ROBOT_KEY: KEY,
    WECOM_API_BASE: wecom.url,
    SMTP_URL: `smtp://user:right@127.0.0.1:${port}`,
    EMAIL_FROM: "a@example.com",
    EMAIL_TO: "b@example.com",
  });
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
});

after(async () => {
  await stack.remove();
  await wecom.close();
  await new Promise<void>((resolve) => mail.close(() => resolve()));
});

/** Its problems and their remedies. */
async function problems(): Promise<string[]> {
  const { code, output } = await stack.run("doctor.ts", "--json");
  const { findings } = JSON.parse(output) as { findings: Record<string, string>[] };
  const found = findings.filter(({ level }) => level === "problem");
  assert.equal(code, found.length > 0 ? 1 : 0, output);
  return found.map(({ what, remedy }) => `${what} | ${remedy}`);
}

/** A process that was killed may hold its port for a moment longer. */
function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
}

/** @returns what puts it back */
const edit = (file: string, change: (text: string) => string) => {
  const path = join(stack.folder, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, change(text));
  return () => writeFileSync(path, text);
};

test("all is well: exit code 0, and nobody was sent anything", async () => {
  await eventually("every check done", async () => {
    const { code, output } = await stack.run("doctor.ts");
    assert.equal(code, 0, output);
    return /^✅ 没有发现问题.*\d+ 项正常\n$/m.test(output) && !output.includes("没有查");
  });
  assert.deepEqual(wecom.messages, []);
});

test("a test message is sent when it is asked for, and only then", async () => {
  const { code, output } = await stack.run("doctor.ts", "--send-test", "--json");
  assert.equal(code, 0, output);
  assert.match(output, /企业微信群机器人的测试消息已发出，请到手机上看/);
  assert.match(output, /邮件的测试消息已发出，请到手机上看/);
  assert.equal(wecom.messages.length, 1);
});

test("config.ini and a rule that were changed and not applied", async () => {
  const config = edit("config/config.ini", (text) =>
    text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 70"),
  );
  const rules = edit("prometheus/rules/host.yml", (text) => `# ours\n${text}`);
  const found = await problems();
  config();
  rules();
  assert.deepEqual(found, [
    "改了没有生效：[monitoring] alert_threshold_cpu：80 → 70；文件：prometheus/rules/host.yml | npm run apply",
  ]);
});

test("a rule that promtool refuses", async () => {
  const restore = edit("prometheus/rules/host.yml", (text) => `${text}      - nonsense: 1\n`);
  const [found = ""] = await problems();
  restore();
  assert.match(
    found,
    /^现在的文件启动不了：promtool 不接受这份配置：\n.*host\.yml.* \| 照上面说的改好，再执行 npm run apply$/s,
  );
});

test("Prometheus that has another threshold than the files", async () => {
  const file = ".stack/config/current/prometheus/rules/thresholds.yml";
  const reload = () => fetch(`${stack.urls.prometheus}/-/reload`, { method: "POST" });
  const restore = edit(file, (text) => text.replace(/expr: 90\b/, "expr: 55"));
  await reload();
  restore();
  const look = async () => (await stack.run("doctor.ts", "--json")).output;
  // Just after a start it counts as not known yet.
  assert.match(await look(), /Prometheus 用的不是现在的配置：HighDiskUsage 的阈值是 55，应为 90/);
  await reload();
  await eventually("the old threshold", async () => (await look()).includes("Prometheus 用的就是现在的配置"));
});

test("a wrong key, a refused password, an open .env, a dead part and its port taken: each with its remedy", async () => {
  wecom.keys.length = 0;
  password = "another";
  chmodSync(join(stack.folder, ".env"), 0o644);
  await stack.kill("exporter");
  const port = Number(new URL(stack.urls.exporter).port);
  // Prometheus would keep its connection.
  const squatter = createServer((socket) => socket.destroy());
  await eventually("the port", () => listen(squatter, port));
  const found = (await problems()).map((line) =>
    line.replaceAll(/127\.0\.0\.1:\d+|：[^：]+（进程 \d+）/g, "…"),
  );
  assert.deepEqual(found, [
    "采集程序 意外停了 | npm start；原因看 tail -n 20 .stack/logs/exporter.log",
    `端口 ${port} 被别的程序占用… | 停掉那个程序，或者换端口（config/config.ini 里的 metrics_port），再执行 npm start`,
    "这台机器上的其他用户能读 .env（权限 644） | chmod 600 .env",
    "企业微信不接受群机器人：errcode 93000（invalid webhook url） | 在群里看机器人的 Webhook 地址，把 key= 后面的部分填进 .env 的 WECOM_ROBOT_KEY，再执行 npm run apply",
    "邮件服务器 … 不接受用户名或密码（535） | 核对 .env 里的 SMTP_URL：密码常常要用邮箱的“授权码”，特殊字符写成 %40 这样；再执行 npm run apply",
  ]);
  const status = await stack.run("status.ts");
  assert.equal(status.code, 1);
  assert.match(status.output, /❌ 意外停了 +采集程序/);
  await new Promise((resolve) => squatter.close(resolve));
  wecom.keys.push(KEY);
  password = "right";
});

test("npm start mends what it said; status and alerts agree that all is well", async () => {
  assert.equal((await stack.up()).code, 0);
  assert.deepEqual(await problems(), []);
  const { code, output } = await stack.run("status.ts", "--json");
  const status = JSON.parse(output);
  assert.deepEqual([code, status.healthy, status.runtime], [0, true, "native"]);
  assert.deepEqual(
    status.channels.map(({ name }: { name: string }) => name),
    ["wecom", "email"],
  );
  const alerts = await stack.run("alerts.ts", "--json");
  assert.ok(Array.isArray(JSON.parse(alerts.output).alerts));
});
