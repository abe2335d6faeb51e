import { readFileSync } from "node:fs";
import { type Env, EnvironmentError, optional } from "./environment.ts";

/** Node's own variable; what is wrong with the file Node only warns of, in a log. */
const NAME = "NODE_EXTRA_CA_CERTS";

/**
 * The certificates of the firm's own authorities, which servers inside it are signed by.
 * @returns undefined where there are none
 * @throws {EnvironmentError} for a file that cannot be read, or holds none
 */
export function readAuthorities(env: Env): string | undefined {
  const file = optional(env, NAME);
  if (file === undefined) return undefined;
  const text = read(file);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new EnvironmentError(
    `${NAME}：${file} 里没有证书，应为 PEM 格式，以 -----BEGIN CERTIFICATE----- 开头`,
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new EnvironmentError(`${NAME}：无法读取 ${file}（${code}）`, { cause });
  }
}
