import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { readAuthorities } from "../../config/authorities.ts";
import { type Config, readConfigFile } from "../../config/config.ts";
import {
  configFile,
  type Env,
  EnvironmentError,
  optional,
  readServiceEnvironment,
} from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import { readPorts } from "./addresses.ts";
import { readAdminPassword } from "./admin-password.ts";
import { readDotenv } from "./dotenv.ts";
import { isOwnAddress } from "./ports.ts";

/** What the operator set, in the working directory's config/config.ini and .env. */
export interface Settings {
  config: Config;
  /** The text that `config` was read from. */
  configText: string;
  env: Env;
}

/** Where the operator's config.ini is: .env may say so, too. */
export function findConfigFile(): string {
  return configFile(readEnv());
}

/** @throws {ConfigError} by file and line */
export function readSettings(): Settings {
  const env = readEnv();
  const { config, text } = readConfigFile(configFile(env));
  return { config, configText: text, env };
}

function readEnv(): Env {
  return existsSync(".env") ? readDotenv(".env", process.env) : process.env;
}

/**
 * Everything that a part would refuse to start with: better now than after the running one was stopped.
 * @throws {EnvironmentError}
 */
export async function checkSettings({ env, config }: Settings): Promise<void> {
  readPorts(config, env);
  readServiceEnvironment(env, config.metricsPort);
  readChannelSettings(env);
  readAdminPassword(env);
  readProxies(env);
  readAuthorities(env);
  const backups = optional(env, "BACKUP_DIR");
  if (config.backup.keep > 0 && backups?.includes("/")) requireFolder("BACKUP_DIR", backups);
  const host = optional(env, "HOST");
  if (host !== undefined && !(await isOwnAddress(host))) {
    throw new EnvironmentError(`环境变量 HOST：${host} 不是本机的地址；0.0.0.0 表示所有地址`);
  }
}

/** One that can be made is as good. @throws {EnvironmentError} */
function requireFolder(name: string, path: string): void {
  let nearest = resolve(path);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory())
    throw new EnvironmentError(`环境变量 ${name}：${path} 不能用作目录，因为 ${nearest} 不是目录`);
}
