import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite, test } from "node:test";
import { type Config, parseConfig, readConfig } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";
import { fixturePath, matchGolden, readFixture } from "./support/golden.ts";

/** As documented in docs/guide.zh-CN.md and the comments of config.ini. */
const DOCUMENTED: Config = {
  enabled: true,
  metricsPort: 8001,
  alertEnabled: true,
  channels: ["wecom", "email"],
  collectInterval: 15,
  timezone: "Asia/Shanghai",
  retentionDays: 90,
  backup: { keep: 0, hour: 3 },
  thresholds: {
    responseTime: 5,
    errorRate: 0.1,
    cpu: 80,
    memory: 80,
    disk: 90,
    diskFullHours: 24,
    errorRateMinMessages: 10,
    messageGrowth: 5,
    messageGrowthFloor: 20,
  },
  services: [],
};

const parse = (...lines: string[]) => parseConfig(`${lines.join("\n")}\n`, "config.ini");

test("the committed config.ini holds the documented defaults", () => {
  assert.deepEqual(readConfig(join(PROJECT, "config/config.ini")), DOCUMENTED);
});

test("missing keys fall back to the same values, and to the guide's 60 s between collections", () => {
  for (const text of ["", "[monitoring]\n", "[services]\n"]) {
    assert.deepEqual(parseConfig(text, "config.ini"), { ...DOCUMENTED, collectInterval: 60 });
  }
});

test("booleans are those of Python's configparser, in any case", () => {
  for (const word of ["true", "True", "YES", "on", "1"]) {
    assert.equal(parse("[monitoring]", `enabled = ${word}`).enabled, true, word);
  }
  for (const word of ["false", "No", "OFF", "0"]) {
    assert.equal(parse("[monitoring]", `enabled = ${word}`).enabled, false, word);
  }
});

test("values at the ends of their ranges are taken", () => {
  const lowest = parse("[monitoring]", "metrics_port = 1", "alert_threshold_response_time = 0.1");
  assert.deepEqual([lowest.metricsPort, lowest.thresholds.responseTime], [1, 0.1]);
  const highest = parse("[monitoring]", "metrics_port = 65535", "alert_threshold_error_rate = 1");
  assert.deepEqual([highest.metricsPort, highest.thresholds.errorRate], [65535, 1]);
});

test("a value may stand in quotes or be followed by a comment", () => {
  const { timezone, channels } = parse(
    "[monitoring]",
    'timezone = "America/New_York"',
    "alert_notification_channels = email , wecom, email ; 先发邮件",
  );
  assert.equal(timezone, "America/New_York");
  assert.deepEqual(channels, ["email", "wecom"]);
});

test("a service may be called anything, in Chinese too", () => {
  const { services } = parse(
    "[services]",
    "案件系统 = http://localhost:8000/health",
    "wecom.legal-service 2 = https://10.0.0.2/?a=b",
  );
  assert.deepEqual(services, [
    { name: "案件系统", url: "http://localhost:8000/health" },
    { name: "wecom.legal-service 2", url: "https://10.0.0.2/?a=b" },
  ]);
});

test("a file saved by Notepad, with a byte order mark and CRLF, reads the same", (t) => {
  const file = join(temporaryFolder(t), "config.ini");
  writeFileSync(file, "\ufeff[monitoring]\r\nmetrics_port = 9001\r\n\r\n[services]\r\na = http://a/\r\n");
  const { metricsPort, services } = readConfig(file);
  assert.deepEqual([metricsPort, services], [9001, [{ name: "a", url: "http://a/" }]]);
});

suite("refused, with file, line, key and what is allowed", () => {
  const fixtures = readdirSync(fixturePath("config")).filter((name) => name.endsWith(".ini"));

  for (const name of fixtures) {
    test(name, () => {
      const error = refusal(() => parseConfig(readFixture(`config/${name}`), "config.ini"));
      matchGolden(`config/${name.replace(".ini", ".txt")}`, `${error.message}\n`);
      assert.doesNotMatch(error.message, /hunter2/);
    });
  }

  test("a key written twice, by both lines", () => {
    const { message } = refusal(() => parse("[monitoring]", "enabled = yes", "enabled = no"));
    assert.match(message, /config\.ini:3 \[monitoring\] enabled = no：与第 2 行重复，只能写一次/);
  });

  test("a missing file", (t) => {
    const file = join(temporaryFolder(t), "config.ini");
    assert.equal(refusal(() => readConfig(file)).message, `${shown(file)}：找不到这个文件`);
  });

  test("something that is no file", (t) => {
    const folder = temporaryFolder(t);
    assert.equal(refusal(() => readConfig(folder)).message, `${shown(folder)}：无法读取这个文件（EISDIR）`);
  });

  test("a file in another encoding", (t) => {
    const file = join(temporaryFolder(t), "config.ini");
    // 案件 in GBK.
    writeFileSync(file, Buffer.from([0x5b, 0xb0, 0xb8, 0xbc, 0xfe, 0x5d]));
    assert.equal(refusal(() => readConfig(file)).message, `${shown(file)}：文件应以 UTF-8 编码保存`);
  });
});

suite("what an operator wrote is never passed over", () => {
  test("a comment behind a section's name", () => {
    assert.equal(parse("[monitoring] ; 监控", "metrics_port = 9001").metricsPort, 9001);
  });

  test("a semicolon or # inside a URL", () => {
    const { services } = parse("[services]", "a = http://a/health;jsessionid=1");
    assert.deepEqual(services, [{ name: "a", url: "http://a/health;jsessionid=1" }]);
  });

  test("a # inside a service's name", () => {
    const { services } = parse("[services]", "站点#1 = http://a/", "站点#2 = http://b/");
    assert.deepEqual(
      services.map(({ name }) => name),
      ["站点#1", "站点#2"],
    );
  });

  test("a comment behind quotes", () => {
    assert.equal(parse("[monitoring]", 'timezone = "Asia/Tokyo" ; 东京').timezone, "Asia/Tokyo");
  });
});

/** How the file is named in a message. */
function shown(path: string): string {
  return relative(process.cwd(), path);
}

function refusal(read: () => Config): ConfigError {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail("it was taken");
}
