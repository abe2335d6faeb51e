import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EnvironmentError } from "../../config/environment.ts";
import {
  keptSecrets,
  secretFile,
  secretsToChange,
  writeSecrets,
} from "../../scripts/stack/volume-secrets.ts";
import { temporaryFolder } from "./support/folder.ts";

const TOKENS = { EXPORTER_TOKEN: "exporter", RELAY_TOKEN: "relay", GRAFANA_ADMIN_PASSWORD: "grafana" };
const ADDRESSES = { EMAIL_FROM: "a@example.com", EMAIL_TO: "b@example.com" };
const withMail = (password: string) => ({
  ...TOKENS,
  ...ADDRESSES,
  SMTP_URL: `smtp://user:${password}@mail.example.com`,
});

test("secrets that nobody gives are made once, and kept", (t) => {
  const folder = temporaryFolder(t);
  writeSecrets({}, folder);
  const made = keptSecrets(folder);
  for (const secret of Object.values(made)) assert.match(secret ?? "", /^[\w-]{43}$/);
  assert.deepEqual(Object.keys(made), Object.keys(TOKENS));
  writeSecrets({}, folder);
  assert.deepEqual(keptSecrets(folder), made);
  assert.deepEqual(secretsToChange({}, folder), []);
});

test("what is given takes their place, and only that is to be changed", (t) => {
  const folder = temporaryFolder(t);
  writeSecrets(TOKENS, folder);
  const changed = { ...TOKENS, RELAY_TOKEN: "another" };
  assert.deepEqual(secretsToChange(changed, folder), ["RELAY_TOKEN"]);
  writeSecrets(changed, folder);
  assert.deepEqual(keptSecrets(folder), changed);
  assert.equal(statSync(secretFile("RELAY_TOKEN", folder)).mode & 0o007, 0);
});

test("the mail password comes with the mail, changes with it, and goes with it", (t) => {
  const folder = temporaryFolder(t);
  const read = () => readFileSync(join(folder, "smtp_password"), "utf8");
  writeSecrets(TOKENS, folder);
  for (const [given, password] of [
    ["first", "first"],
    ["p%2Fw", "p/w"],
  ] as const) {
    assert.deepEqual(secretsToChange(withMail(given), folder), ["SMTP_PASSWORD"]);
    writeSecrets(withMail(given), folder);
    assert.equal(read(), password);
    assert.deepEqual(secretsToChange(withMail(given), folder), []);
  }
  assert.deepEqual(secretsToChange(TOKENS, folder), ["SMTP_PASSWORD"]);
  writeSecrets(TOKENS, folder);
  assert.ok(!readdirSync(folder).includes("smtp_password"));
});

test("mail that is set up by half, and Grafana's own password, are refused", (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => secretsToChange({ ...withMail("p"), EMAIL_TO: "" }, folder), EnvironmentError);
  assert.throws(() => writeSecrets({ GRAFANA_ADMIN_PASSWORD: "admin" }, folder), EnvironmentError);
  assert.deepEqual(readdirSync(folder), []);
});
