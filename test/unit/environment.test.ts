import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { readAuthorities } from "../../config/authorities.ts";
import { type Env, EnvironmentError, readSecret, readServiceEnvironment } from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import { composeEnv } from "../../scripts/stack/compose-cli.ts";
import { changedVariables } from "../../scripts/stack/part-variables.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { testConfig } from "./support/exporter.ts";
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
    [
      { PUBLIC_PROMETHEUS_URL: "https://user:hunter2@h/" },
      "环境变量 PUBLIC_PROMETHEUS_URL：不能带用户名和密码，所有收到告警的人都会看到这个网址",
    ],
    [
      { PUBLIC_EXPORTER_URL: "https://user@h/" },
      "环境变量 PUBLIC_EXPORTER_URL：不能带用户名和密码，所有收到告警的人都会看到这个网址",
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
    for (const [name, settings] of Object.entries(readChannelSettings({})))
      assert.equal(settings, undefined, name);
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

  const APP: Env = {
    WECOM_CORP_ID: "ww0123456789abcdef",
    WECOM_AGENT_ID: "1000002",
    WECOM_SECRET: "hunter2-hunter2",
    WECOM_TO_USER: "zhangsan, lisi|ZhangSan@firm.com,lisi",
  };

  test("an application is all of four settings, and the address that it shares with the robot", () => {
    const { wecom, wecomApp } = readChannelSettings({ ...APP, WECOM_API_BASE: "http://wecom.lan/proxy/" });
    assert.equal(wecom, undefined);
    assert.deepEqual(wecomApp, {
      corpId: "ww0123456789abcdef",
      agentId: 1000002,
      secret: "hunter2-hunter2",
      toUser: "zhangsan|lisi|ZhangSan@firm.com",
      apiBase: "http://wecom.lan/proxy",
    });
    assert.equal(readChannelSettings({ ...APP, WECOM_TO_USER: "@all" }).wecomApp?.toUser, "@all");
  });

  const together = "WECOM_CORP_ID、WECOM_AGENT_ID、WECOM_SECRET、WECOM_TO_USER 要一起设置";
  const users = "WECOM_TO_USER 应为成员的账号（userid），多个用 | 或英文逗号分隔，或者 @all";
  const refused: [Env, string][] = [
    [{ WECOM_SECRET: "" }, `企业微信应用还缺少 WECOM_SECRET：${together}`],
    [
      { WECOM_CORP_ID: undefined, WECOM_AGENT_ID: " ", WECOM_TO_USER: "" },
      `企业微信应用还缺少 WECOM_CORP_ID、WECOM_AGENT_ID、WECOM_TO_USER：${together}`,
    ],
    [{ WECOM_CORP_ID: "某某律所" }, "WECOM_CORP_ID 应为企业 ID，例如 ww1234567890abcdef"],
    [{ WECOM_AGENT_ID: "监控" }, "WECOM_AGENT_ID 应为应用的 AgentId，是一个整数，例如 1000002"],
    [{ WECOM_SECRET: "hunter2 hunter2" }, "WECOM_SECRET 应为应用的 Secret，只有字母、数字、- 和 _"],
    [{ WECOM_TO_USER: "张三" }, users],
    [{ WECOM_TO_USER: ",|" }, users],
    [{ WECOM_TO_USER: "@all|lisi" }, "WECOM_TO_USER 写了 @all 就不能再写别人"],
    [
      { WECOM_TO_USER: Array.from({ length: 1001 }, (_, index) => `u${index}`).join("|") },
      "WECOM_TO_USER 最多 1000 个成员，再多请用 @all",
    ],
    [{ WECOM_API_BASE: "wecom.lan" }, "环境变量 WECOM_API_BASE：应为 http:// 或 https:// 开头的网址"],
  ];
  for (const [changes, message] of refused) {
    test(`an application is refused: ${message}`, () => {
      assert.throws(() => readChannelSettings({ ...APP, ...changes }), new EnvironmentError(message));
    });
  }

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

suite("proxies", () => {
  const LOOPBACK = "localhost,127.0.0.1,::1";

  test("are as curl knows them: either case, with or without http://", () => {
    assert.deepEqual(readProxies({}), { NO_PROXY: LOOPBACK });
    const env = {
      HTTP_PROXY: "proxy:3128",
      https_proxy: "http://a:b@proxy:1",
      HTTPS_PROXY: "no",
      no_proxy: "lan",
    };
    assert.deepEqual(readProxies(env), {
      HTTP_PROXY: "http://proxy:3128",
      HTTPS_PROXY: "http://a:b@proxy:1",
      NO_PROXY: `${LOOPBACK},lan`,
    });
  });

  test("of another kind are refused without being shown", () => {
    assert.throws(
      () => readProxies({ HTTPS_PROXY: "socks5://user:hunter2@proxy:1080" }),
      new EnvironmentError("环境变量 HTTPS_PROXY：应为 HTTP 代理的地址，例如 http://proxy.example.com:3128"),
    );
  });

  test("on this machine alone are not handed to a container", (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "grafana/provisioning"), { recursive: true });
    const env = { HTTP_PROXY: "127.0.0.1:7890", https_proxy: "http://10.0.0.1:3128", NO_PROXY: "lan" };
    const made = composeEnv(folder, { config: testConfig(), configText: "", env });
    assert.equal(made.CONTAINER_HTTP_PROXY, "");
    assert.equal(made.CONTAINER_HTTPS_PROXY, "http://10.0.0.1:3128");
    assert.equal(made.CONTAINER_NO_PROXY, `${LOOPBACK},lan`);
  });
});

test("authorities are a file with certificates", (t) => {
  const file = join(temporaryFolder(t), "ca.pem");
  const told = () => readAuthorities({ NODE_EXTRA_CA_CERTS: file });
  assert.equal(readAuthorities({}), undefined);
  assert.throws(told, new EnvironmentError(`NODE_EXTRA_CA_CERTS：无法读取 ${file}（ENOENT）`));
  writeFileSync(file, "DER");
  assert.throws(
    told,
    new EnvironmentError(
      `NODE_EXTRA_CA_CERTS：${file} 里没有证书，应为 PEM 格式，以 -----BEGIN CERTIFICATE----- 开头`,
    ),
  );
  writeFileSync(file, "# ours\n-----BEGIN CERTIFICATE-----\n…");
  assert.equal(told(), "# ours\n-----BEGIN CERTIFICATE-----\n…");
});

test("what the channels read reaches the relay natively and in a container, and operators are told of it", () => {
  const asked = new Set<string>();
  const listening = new Proxy<Env>({}, { get: (_, name) => void asked.add(String(name)) });
  readChannelSettings(listening);
  const names = [...asked].filter((name) => !name.endsWith("_FILE"));
  assert.ok(names.length > 5, `${names}`);
  const { services } = parse(readFileSync(join(PROJECT, "docker-compose.yml"), "utf8"), { merge: true });
  const [example, guide] = [".env.example", "docs/guide.zh-CN.md"].map((file) =>
    readFileSync(join(PROJECT, file), "utf8"),
  );
  for (const name of names) {
    assert.deepEqual(changedVariables({}, { [name]: "new" }), [name], "part-variables.ts");
    assert.ok(name in services.relay.environment, `${name}: the relay in docker-compose.yml`);
    assert.match(example ?? "", new RegExp(`^(# )?${name}=`, "m"), ".env.example");
    assert.ok(guide?.includes(`\`${name}\``), `${name}: the guide`);
  }
});
