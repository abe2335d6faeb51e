import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, realpathSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Env, EnvironmentError } from "../../config/environment.ts";
import { toldByOwner } from "./owner.ts";
import { replaceFile } from "./replace-file.ts";

/** Made at random where .env leaves them empty. */
export const GENERATED_SECRETS = ["EXPORTER_TOKEN", "RELAY_TOKEN", "GRAFANA_ADMIN_PASSWORD"] as const;

/** Every variable that can also be given as NAME_FILE. */
export const SECRETS = [...GENERATED_SECRETS, "WECOM_ROBOT_KEY", "WECOM_SECRET", "SMTP_URL"] as const;

/** 256 bits, in characters that need no quoting anywhere. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Whether none is left to be made. */
export function hasSecrets(env: Env): boolean {
  return GENERATED_SECRETS.every((name) => env[name] || env[`${name}_FILE`]);
}

/**
 * Makes the .env file from its example if missing, fills in the secrets that are empty, and keeps it from others.
 * A secret that the environment gives, by value or by file, is left empty.
 * @param kept secrets that are in use already, instead of new ones
 * @returns what was done
 * @throws {EnvironmentError} for a kept one that cannot be written there
 * @throws {StackError} where it is another user's
 */
export function ensureDotenv(
  file: string,
  example: string,
  env: Env,
  kept: Env = {},
): "created" | "completed" | "unchanged" {
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  let text = before ?? readFileSync(example, "utf8");
  for (const name of GENERATED_SECRETS) {
    const values = parseEnv(text);
    if (values[name] || values[`${name}_FILE`] || env[name] || env[`${name}_FILE`]) continue;
    const line = assignment(name, kept[name] ?? randomSecret());
    const empty = new RegExp(`^${name}=.*$`, "m");
    text = empty.test(text) ? text.replace(empty, () => line) : `${text.trimEnd()}\n${line}\n`;
  }
  if (text !== before) replaceDotenv(file, text);
  closeToOthers(file);
  if (before === undefined) return "created";
  return text === before ? "unchanged" : "completed";
}

function closeToOthers(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    throw toldByOwner(file, "修改", error);
  }
}

/** In single quotes where it has to be in any: they alone mean the same to Node and to docker compose. */
function assignment(name: string, value: string): string {
  const marks = /^[\w.-]*$/.test(value) ? [""] : ["'", '"', "`"];
  const lines = marks.map((mark) => `${name}=${mark}${value}${mark}`);
  const line = lines.find((line) => parseEnv(line)[name] === value);
  if (line === undefined)
    throw new EnvironmentError(`${name} 现在的值在 .env 里写不下（几种引号都有），请在 .env 里写一个新的`);
  return line;
}

/** It stays whose it was, and where it is a link, a link. */
function replaceDotenv(file: string, text: string): void {
  const model = existsSync(file) ? realpathSync(file) : undefined;
  replaceFile(model ?? file, text, { mode: 0o600, model });
}

/**
 * The environment with .env below it: what is set outside wins, as with docker compose.
 * @throws {EnvironmentError} by line number, for what would be ignored without a word
 * @throws {StackError} where it is another user's
 */
export function readDotenv(file: string, env: Env): Env {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const text = readDotenvText(file);
  const [line] = strayLines(text);
  // What stands there may be a secret.
  if (line !== undefined) throw new EnvironmentError(`${file} 第 ${line} 行：应写成 名称=值，注释以 # 开头`);
  return { ...parseEnv(text), ...given };
}

/** @throws {StackError} where it is another user's */
export function readDotenvText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw toldByOwner(file, "读取", error);
  }
}

/** The numbers of the lines that are neither comments nor assignments, nor inside a value in quotes. */
function strayLines(text: string): number[] {
  const stray: number[] = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const value = /^\s*(?:export\s+)?[\w.-]+\s*=\s*(.*)$/.exec(line)?.[1];
    if (value === undefined) stray.push(index + 1);
    else index += linesWithin(value, lines.slice(index + 1));
  }
  return stray;
}

/** How many lines a value that begins with a quote goes on for; without its end, the quote is part of one line. */
function linesWithin(value: string, following: string[]): number {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) > 0) return 0;
  return following.findIndex((line) => line.includes(quote)) + 1;
}
