import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";

let stack: TestStack;

before(async () => {
  stack = await createTestStack();
});

after(() => stack.remove());

/** Every process that the stack's own records name. */
function records(): { name: string; pid: number }[] {
  const folder = join(stack.folder, ".stack/run");
  return existsSync(folder)
    ? readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")))
    : [];
}

describe("what is wrong is said before anything runs", () => {
  test("an invalid config.ini, by file, line, key and what is allowed", async () => {
    stack.configure((text) => text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 180"));
    const { code, output } = await stack.up();
    stack.configure((text) => text.replace("alert_threshold_cpu = 180", "alert_threshold_cpu = 80"));
    assert.equal(code, 1);
    assert.match(
      output,
      /什么都没有改动：\nconfig\/config\.ini:12 \[monitoring\] alert_threshold_cpu = 180：应为 1 到 100 的数字（百分比）\n/,
    );
    assert.deepEqual(records(), []);
  });

  test("a port that somebody else has, by its number, part and owner", async () => {
    const port = Number(new URL(stack.urls.alertmanager).port);
    const squatter = createServer().listen(port, "127.0.0.1");
    const { code, output } = await stack.up();
    await new Promise((resolve) => squatter.close(resolve));
    assert.equal(code, 1);
    assert.match(
      output,
      new RegExp(
        `端口 ${port}（Alertmanager）已被占用：.+（进程 ${process.pid}）。请停掉那个程序，或者修改 \\.env 里的 ALERTMANAGER_PORT`,
      ),
    );
    assert.deepEqual(records(), []);
  });

  test("a part that dies of its database, and what to do; the others are stopped again", async () => {
    const data = join(stack.folder, ".stack/data");
    mkdirSync(data, { recursive: true });
    writeFileSync(
      join(data, "relay.db"),
      "this is no database, and it is longer than the header of one would be. ".repeat(20),
    );
    const { code, output } = await stack.up();
    writeFileSync(join(data, "relay.db"), "");
    assert.equal(code, 1);
    assert.match(output, /告警转发 启动后就退出了：数据库 .+relay\.db 已损坏。\n办法：恢复最近的备份/);
    assert.deepEqual(records(), []);
  });
});

test("Ctrl-C at the first start: nothing is left running, and the next one is none the worse", async () => {
  const { code, output } = await stack.up("检查配置：");
  assert.equal(code, 130, output);
  assert.match(output, /❌ 已中断。已启动的部分都停下了，数据都已保留。\n$/);
  assert.deepEqual(records(), []);
});

test("up, up again, an event in and out of Prometheus, down", async () => {
  const first = await stack.up();
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /管理页面 +http:\/\/localhost:\d+/);
  assert.match(first.output, /还没有设置：\n {2}• 企业微信：在 \.env 里填写群机器人的 WECOM_ROBOT_KEY/);
  const running = records();
  assert.deepEqual(
    running
      .map(({ name }) => name)
      .filter((name) => name !== "grafana")
      .sort(),
    ["alertmanager", "exporter", "prometheus", "relay"],
  );
  assert.equal(statSync(join(stack.folder, ".env")).mode & 0o777, 0o600);

  const second = await stack.up();
  assert.equal(second.code, 0, second.output);
  assert.match(second.output, /各部分都已在运行，没有改动/);
  assert.deepEqual(records(), running);

  const { EXPORTER_TOKEN: token } = stack.env();
  assert.match(token ?? "", /^[\w-]{43}$/);
  const posted = await fetch(`${stack.urls.exporter}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ type: "consultation", id: "first" }),
  });
  assert.equal(posted.status, 202);
  await eventually("the event in Prometheus", async () => (await value("consultations_total")) === "1");

  const stopped = await stack.down();
  assert.equal(stopped.code, 0, stopped.output);
  assert.deepEqual(records(), []);
  for (const { pid, name } of running) {
    assert.ok(!existsSync(`/proc/${pid}/exe`) || isZombie(pid), `${name} still runs`);
  }
  assert.match((await stack.down()).output, /监控系统没有在运行/);
});

test("half a setting in .env is refused, and what runs goes on", async () => {
  await stack.up();
  const before = records();
  const dotenv = join(stack.folder, ".env");
  const settings = readFileSync(dotenv, "utf8");
  writeFileSync(dotenv, `${settings}EMAIL_FROM=a@example.com\n`);
  const refused = await stack.up();
  writeFileSync(dotenv, settings);
  assert.match(refused.output, /邮件告警还缺少 SMTP_URL、EMAIL_TO/);
  assert.equal(refused.code, 1);
  assert.deepEqual(records(), before);
});

test("a changed threshold is live after the next start, and Alertmanager is left alone", async () => {
  await stack.up();
  const alertmanager = records().find(({ name }) => name === "alertmanager");
  stack.configure((text) => text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 70.5"));
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
  assert.deepEqual(
    records().find(({ name }) => name === "alertmanager"),
    alertmanager,
  );
  const threshold = async () => value('monitoring:threshold{alert="HighCpuUsage"}');
  await eventually("the new threshold", async () => (await threshold()) === "70.5");
});

/** The first value of a PromQL query. */
async function value(query: string): Promise<string | undefined> {
  const answer = await fetch(`${stack.urls.prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result[0]?.value[1];
}

function isZombie(pid: number): boolean {
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
