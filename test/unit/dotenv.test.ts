import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { EnvironmentError } from "../../config/environment.ts";
import { ensureDotenv, GENERATED_SECRETS, readDotenv } from "../../scripts/stack/dotenv.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

const EXAMPLE = join(PROJECT, ".env.example");

function place(t: TestContext, text?: string): string {
  const file = join(temporaryFolder(t), ".env");
  if (text !== undefined) writeFileSync(file, text);
  return file;
}

const mode = (file: string) => statSync(file).mode & 0o777;

test("the first time: the example with random secrets, for nobody else to read", (t) => {
  const [one, two] = [place(t), place(t)];
  assert.equal(ensureDotenv(one, EXAMPLE, {}), "created");
  ensureDotenv(two, EXAMPLE, {});
  assert.equal(mode(one), 0o600);
  const secrets = [readDotenv(one, {}), readDotenv(two, {})].flatMap((env) =>
    GENERATED_SECRETS.map((name) => env[name] ?? ""),
  );
  for (const secret of secrets) assert.match(secret, /^[\w-]{43}$/);
  assert.equal(new Set(secrets).size, secrets.length, "no two are the same");
  const kept = (text: string) =>
    text.replaceAll(/^(EXPORTER_TOKEN|RELAY_TOKEN|GRAFANA_ADMIN_PASSWORD)=.*$/gm, "");
  assert.equal(kept(readFileSync(one, "utf8")), kept(readFileSync(EXAMPLE, "utf8")));
});

test("the second time: nothing is changed", (t) => {
  const file = place(t);
  ensureDotenv(file, EXAMPLE, {});
  const before = readFileSync(file, "utf8");
  assert.equal(ensureDotenv(file, EXAMPLE, {}), "unchanged");
  assert.equal(readFileSync(file, "utf8"), before);
});

test("an operator's file keeps every line and value; what is missing is added at the end", (t) => {
  const text = "# 我们的设置\nRELAY_TOKEN='mine'\nEXPORTER_TOKEN=\nWECOM_ROBOT_KEY=a,b";
  const file = place(t, text);
  assert.equal(ensureDotenv(file, EXAMPLE, {}), "completed");
  const env = readDotenv(file, {});
  assert.deepEqual([env.RELAY_TOKEN, env.WECOM_ROBOT_KEY], ["mine", "a,b"]);
  const masked = readFileSync(file, "utf8").replaceAll(/=[\w-]{43}$/gm, "=…");
  assert.equal(
    masked,
    "# 我们的设置\nRELAY_TOKEN='mine'\nEXPORTER_TOKEN=…\nWECOM_ROBOT_KEY=a,b\nGRAFANA_ADMIN_PASSWORD=…\n",
  );
});

test("a file that others could read is closed to them", (t) => {
  const file = place(t, GENERATED_SECRETS.map((name) => `${name}=mine\n`).join(""));
  chmodSync(file, 0o644);
  assert.equal(ensureDotenv(file, EXAMPLE, {}), "unchanged");
  assert.equal(mode(file), 0o600);
});

test("a secret that is in use already is taken over", (t) => {
  const file = place(t, "EXPORTER_TOKEN=mine\n");
  ensureDotenv(file, EXAMPLE, {}, { EXPORTER_TOKEN: "kept", GRAFANA_ADMIN_PASSWORD: "kept too" });
  const { EXPORTER_TOKEN, RELAY_TOKEN, GRAFANA_ADMIN_PASSWORD } = readDotenv(file, {});
  assert.deepEqual([EXPORTER_TOKEN, GRAFANA_ADMIN_PASSWORD], ["mine", "kept too"]);
  assert.match(RELAY_TOKEN ?? "", /^[\w-]{43}$/);
});

test("whatever is in a secret in use, .env gives it back, and its other lines stay", (t) => {
  for (const kept of [
    "$&",
    "pa$$word",
    "a # b",
    'say "hi"',
    "it's",
    "back\\nslash",
    "it's \\n",
    " space ",
    "多 字",
  ]) {
    const file = place(t, "A=1\nGRAFANA_ADMIN_PASSWORD=\nB=2\n");
    ensureDotenv(file, EXAMPLE, {}, { GRAFANA_ADMIN_PASSWORD: kept });
    const { A, GRAFANA_ADMIN_PASSWORD, B } = readDotenv(file, {});
    assert.deepEqual([A, GRAFANA_ADMIN_PASSWORD, B], ["1", kept, "2"]);
  }
  const file = place(t, "GRAFANA_ADMIN_PASSWORD=\n");
  assert.throws(
    () => ensureDotenv(file, EXAMPLE, {}, { GRAFANA_ADMIN_PASSWORD: "'\"`" }),
    new EnvironmentError(
      "GRAFANA_ADMIN_PASSWORD 现在的值在 .env 里写不下（几种引号都有），请在 .env 里写一个新的",
    ),
  );
});

test("it is replaced in one step, by one of the same owner, also where it is a link", (t) => {
  const file = place(t, "A=1\n");
  const link = place(t);
  symlinkSync(file, link);
  if (process.getuid?.() === 0) chownSync(file, 12345, 12345);
  const { uid, ino } = statSync(file);
  ensureDotenv(link, EXAMPLE, {});
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(statSync(file).uid, uid);
  assert.notEqual(statSync(file).ino, ino);
  assert.equal(mode(file), 0o600);
  assert.deepEqual(readdirSync(dirname(file)), [".env"]);
});

test("a secret that the environment gives, by value or by file, is not made", (t) => {
  const file = place(t);
  ensureDotenv(file, EXAMPLE, { EXPORTER_TOKEN: "outside", RELAY_TOKEN_FILE: "/run/secrets/relay_token" });
  const { EXPORTER_TOKEN, RELAY_TOKEN, GRAFANA_ADMIN_PASSWORD } = readDotenv(file, {});
  assert.deepEqual([EXPORTER_TOKEN, RELAY_TOKEN], ["", ""]);
  assert.match(GRAFANA_ADMIN_PASSWORD ?? "", /^[\w-]{43}$/);
});

test("what is set outside wins over the file", (t) => {
  const file = place(t, "LOG_LEVEL=info\nHOST=127.0.0.1\n");
  const { LOG_LEVEL, HOST } = readDotenv(file, { LOG_LEVEL: "debug" });
  assert.deepEqual([LOG_LEVEL, HOST], ["debug", "127.0.0.1"]);
});

test("a line that would be ignored is refused by its number, without what it says", (t) => {
  const text =
    "# 邮件\n\nexport EMAIL_FROM=a@example.com\nEMAIL_TO = b@example.com\nSMTP_URL smtps://u:secret@h\n";
  assert.throws(
    () => readDotenv(place(t, text), {}),
    (error: Error) => {
      assert.match(error.message, /\.env 第 5 行：应写成 名称=值，注释以 # 开头$/);
      return error instanceof EnvironmentError;
    },
  );
});

test("a value in quotes may have several lines", (t) => {
  const text = "A=\"first\nsecond line\n\"\nB='one'\nC='it is\nD=4\n";
  assert.equal(readDotenv(place(t, text), {}).A, "first\nsecond line\n");
  assert.throws(() => readDotenv(place(t, `${text}stray\n`), {}), /第 7 行/);
});
