import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { fallbackMail, mailPassword } from "../../scripts/stack/fallback-mail.ts";
import { testConfig } from "./support/exporter.ts";
import { renderer } from "./support/rendering.ts";

const ADDRESSES = { EMAIL_FROM: "m@example.com", EMAIL_TO: "a@example.com,b@example.com" };

/** What Alertmanager is told of the server, and the password that goes into the file. */
function mailFor(url: string, config = {}) {
  const env = url ? { ...ADDRESSES, SMTP_URL: url } : {};
  const mail = fallbackMail(testConfig(config), env, FILE);
  if (mail === undefined) return undefined;
  const { smarthost, auth_username, auth_password_file, require_tls } = mail;
  return { smarthost, auth_username, auth_password_file, require_tls, password: mailPassword(env) };
}

const FILE = "/secrets/smtp_password";
const withPassword = { auth_username: "alert@example.com", auth_password_file: FILE, password: "p/w" };
const without = { auth_username: undefined, auth_password_file: undefined, password: undefined };

test("smtps: encrypted from the start, the password in a file", () => {
  assert.deepEqual(mailFor("smtps://alert%40example.com:p%2Fw@smtp.example.com"), {
    smarthost: "smtp.example.com:465",
    require_tls: false,
    ...withPassword,
  });
});

test("smtp with a password: STARTTLS or nothing", () => {
  assert.deepEqual(mailFor("smtp://alert%40example.com:p%2Fw@smtp.example.com"), {
    smarthost: "smtp.example.com:587",
    require_tls: true,
    ...withPassword,
  });
});

test("smtp without one: as the server likes it", () => {
  assert.deepEqual(mailFor("smtp://10.0.0.1:25"), {
    smarthost: "10.0.0.1:25",
    require_tls: false,
    ...without,
  });
});

test("what is no escape stays as it is, as the relay's own mail has it", () => {
  assert.equal(mailFor("smtp://100%:50%25%@smtp.example.com")?.auth_username, "100%");
  assert.equal(mailFor("smtp://u:50%25%@smtp.example.com")?.password, "50%25%");
});

test("none where Alertmanager could not send it, or nobody asked for mail", () => {
  const url = "smtps://smtp.example.com";
  assert.equal(mailFor(`${url}:994`), undefined);
  assert.equal(mailFor(""), undefined);
  assert.equal(mailFor(url, { channels: ["wecom"] }), undefined);
  assert.equal(mailFor(url, { alertEnabled: false }), undefined);
  assert.notEqual(mailFor(url), undefined);
});

test("it is rendered into the fallback's receiver alone", (t) => {
  const { read, render } = renderer(t);
  const mail = fallbackMail(testConfig({}), { ...ADDRESSES, SMTP_URL: "smtp://10.0.0.1:25" }, FILE);
  render({ fallbackMail: mail });
  const { receivers } = parse(read("alertmanager/alertmanager.yml")) as {
    receivers: { name: string; email_configs?: unknown[] }[];
  };
  assert.deepEqual(
    receivers.map(({ name, email_configs }) => [name, email_configs]),
    [
      ["relay", undefined],
      ["watchdog", undefined],
      ["fallback", [mail]],
    ],
  );
});
