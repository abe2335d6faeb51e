import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { type Env, EnvironmentError, readSecret, readServiceEnvironment } from "../../config/environment.ts";
import { temporaryFolder } from "./support/folder.ts";

test("an empty environment is that of a service beside its neighbours on one machine", () => {
  assert.deepEqual(readServiceEnvironment({}, 8001), {
    configFile: "config/config.ini",
    dataDir: ".stack/data",
    host: "127.0.0.1",
    relayPort: 8002,
    logLevel: "info",
    urls: {
      relay: "http://localhost:8002",
      prometheus: "http://localhost:9090",
      alertmanager: "http://localhost:9093",
      grafana: "http://localhost:3000",
    },
    publicUrls: {
      exporter: "http://localhost:8001",
      prometheus: "http://localhost:9090",
      alertmanager: "http://localhost:9093",
      grafana: "http://localhost:3000",
    },
    exporterToken: undefined,
    relayToken: undefined,
    hostRoot: "/",
  });
});

test("docker compose passes unset variables as empty ones: they count as not given", () => {
  const names = [
    "HOST",
    "RELAY_PORT",
    "LOG_LEVEL",
    "PROMETHEUS_URL",
    "EXPORTER_TOKEN",
    "EXPORTER_TOKEN_FILE",
  ];
  const empty = Object.fromEntries(names.map((name) => [name, " "]));
  assert.deepEqual(readServiceEnvironment(empty, 8001), readServiceEnvironment({}, 8001));
});

test("ports move the addresses that were not given", () => {
  const { urls, publicUrls } = readServiceEnvironment({ RELAY_PORT: "9002" }, 9001);
  assert.equal(urls.relay, "http://localhost:9002");
  assert.equal(publicUrls.exporter, "http://localhost:9001");
});

test("addresses lose their trailing slash, so that paths can be added", () => {
  const { urls } = readServiceEnvironment({ PROMETHEUS_URL: "https://example.com/prometheus//" }, 8001);
  assert.equal(urls.prometheus, "https://example.com/prometheus");
});

suite("refused", () => {
  const refused: [Env, string][] = [
    [{ RELAY_PORT: "65536" }, "环境变量 RELAY_PORT：应为 0 到 65535 的整数"],
    [{ RELAY_PORT: "80a" }, "环境变量 RELAY_PORT：应为 0 到 65535 的整数"],
    [
      { LOG_LEVEL: "verbose" },
      "环境变量 LOG_LEVEL：应为 fatal、error、warn、info、debug、trace、silent 之一",
    ],
    [{ GRAFANA_URL: "grafana:3000" }, "环境变量 GRAFANA_URL：应为 http:// 或 https:// 开头的网址"],
    // A URL may carry a key: the message does not repeat it.
    [
      { PUBLIC_GRAFANA_URL: "ftp://user:hunter2@h/" },
      "环境变量 PUBLIC_GRAFANA_URL：应为 http:// 或 https:// 开头的网址",
    ],
  ];
  for (const [env, message] of refused) {
    test(Object.entries(env).flat().join("="), () => {
      assert.throws(() => readServiceEnvironment(env, 8001), new EnvironmentError(message));
    });
  }
});

suite("a secret", () => {
  test("is given by value, or by a file whose last line break does not belong to it", (t) => {
    const file = join(temporaryFolder(t), "token");
    writeFileSync(file, "hunter2\n");
    assert.equal(readSecret({ RELAY_TOKEN: "hunter2" }, "RELAY_TOKEN"), "hunter2");
    assert.equal(readSecret({ RELAY_TOKEN_FILE: file }, "RELAY_TOKEN"), "hunter2");
    assert.equal(readSecret({}, "RELAY_TOKEN"), undefined);
  });

  test("is refused when given both ways, without being shown", () => {
    assert.throws(
      () => readSecret({ RELAY_TOKEN: "hunter2", RELAY_TOKEN_FILE: "/token" }, "RELAY_TOKEN"),
      new EnvironmentError("RELAY_TOKEN 和 RELAY_TOKEN_FILE 只能设置一个"),
    );
  });

  test("is refused when its file cannot be read", () => {
    assert.throws(
      () => readSecret({ RELAY_TOKEN_FILE: "/no/such/file" }, "RELAY_TOKEN"),
      new EnvironmentError("RELAY_TOKEN_FILE：无法读取 /no/such/file（ENOENT）"),
    );
  });
});

suite("channels", () => {
  test("are undefined until they are set up", () => {
    assert.deepEqual(readChannelSettings({}), { wecom: undefined, wecomApp: undefined, email: undefined });
  });

  test("several robots share the load, each named once", () => {
    const { wecom } = readChannelSettings({ WECOM_ROBOT_KEY: "a, b,,a", WECOM_API_BASE: "http://proxy/" });
    const mention = { users: [], mobiles: [], everybody: false };
    assert.deepEqual(wecom, { keys: ["a", "b"], apiBase: "http://proxy", mention });
  });

  test("critical alerts call users, telephones, or everybody; nobody else", () => {
    const mention = (names: string) =>
      readChannelSettings({ WECOM_ROBOT_KEY: "a", WECOM_MENTION: names }).wecom?.mention;
    assert.deepEqual(mention("zhang.san, 13800000000,,@all"), {
      users: ["zhang.san"],
      mobiles: ["13800000000"],
      everybody: true,
    });
    for (const names of ["张三", "a b", "<@a>", "@everybody", Array(21).fill("a").join()]) {
      assert.throws(
        () => mention(names),
        new EnvironmentError(
          "WECOM_MENTION 应为企业微信的用户 ID、手机号或 @all，多个用英文逗号分隔，最多 20 个",
        ),
        names,
      );
    }
  });

  test("mail set up by half is refused by what is missing", () => {
    assert.throws(
      () => readChannelSettings({ SMTP_URL: "smtp://user:hunter2@h", EMAIL_TO: "a@example.com" }),
      new EnvironmentError("邮件告警还缺少 EMAIL_FROM：SMTP_URL、EMAIL_FROM、EMAIL_TO 要一起设置"),
    );
  });

  test("a mail server that is no SMTP address is refused without being shown", () => {
    const env = { SMTP_URL: "http://user:hunter2@h", EMAIL_FROM: "a@example.com", EMAIL_TO: "b@example.com" };
    assert.throws(
      () => readChannelSettings(env),
      new EnvironmentError(
        "SMTP_URL 应为 smtp:// 或 smtps:// 开头，例如 smtps://user:password@smtp.example.com:465",
      ),
    );
  });
});
