import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readConfigFile } from "../config/config.ts";
import { configFile, type Env, EnvironmentError, optional, readPublicUrls } from "../config/environment.ts";
import { unfinishedRestore } from "./backup/unfinished.ts";
import { describeDraft } from "./stack/changes.ts";
import { cli } from "./stack/cli.ts";
import { PROJECT, StackError } from "./stack/project.ts";
import { confirm, goBack, publish } from "./stack/publish.ts";
import type { Rendering } from "./stack/render.ts";
import { renderCompose } from "./stack/render-compose.ts";
import { keptSecrets, secretsToChange, writeSecrets } from "./stack/volume-secrets.ts";

/** A volume of docker-compose.yml. */
const RENDERED = "/rendered";
/** The checkout's folders that it mounts. */
const MOUNTED = ["config", "prometheus", "alertmanager", "grafana"];

/**
 * The one-shot service of docker compose: makes the secrets and renders the configuration, before the rest starts.
 * On a running stack npm start and npm run apply have it do one step at a time, each named by an option.
 */
async function init(): Promise<void> {
  process.umask(0o027);
  const env = process.env;
  const { values: step } = parseArgs({
    options: {
      draft: { type: "boolean" },
      publish: { type: "string" },
      back: { type: "boolean" },
      confirm: { type: "boolean" },
      secrets: { type: "boolean" },
      kept: { type: "boolean" },
    },
  });
  if (step.draft) process.stdout.write(`${renderVolume(env).hash}\n`);
  else if (step.publish !== undefined) {
    const draft = describeDraft(RENDERED, join(RENDERED, step.publish));
    publish(RENDERED, step.publish);
    process.stdout.write(`${JSON.stringify({ ...draft, secrets: secretsToChange(env) })}\n`);
  } else if (step.back) goBack(RENDERED);
  else if (step.confirm) confirm(RENDERED);
  else if (step.secrets) writeSecrets(env);
  else if (step.kept) process.stdout.write(`${JSON.stringify(keptSecrets())}\n`);
  else {
    const { hash } = renderVolume(env);
    writeSecrets(env);
    publish(RENDERED, hash);
    confirm(RENDERED);
  }
}

function renderVolume(env: Env): Rendering {
  if (unfinishedRestore() === "docker" && optional(env, "RESTORING") === undefined) {
    throw new StackError("上一次恢复没有完成，请执行 npm start，它会换回原来的数据");
  }
  refuseClosed();
  const { config, text } = readConfigFile(configFile(env));
  checkPublished("metrics_port", config.metricsPort, "METRICS_PORT", env);
  checkPublished("retention_days", config.retentionDays, "RETENTION_DAYS", env);
  const daily = config.backup.keep > 0 ? 1 : 0;
  checkPublished("backup_keep", config.backup.keep, "BACKUP_DAILY", env, daily);
  return renderCompose({
    project: PROJECT,
    out: RENDERED,
    config,
    configText: text,
    env,
    publicUrls: readPublicUrls(env, config.metricsPort),
  });
}

/** A checkout made under a strict umask is closed to the user of the containers. */
function refuseClosed(): void {
  for (const folder of MOUNTED) {
    try {
      accessSync(join(PROJECT, folder), constants.R_OK | constants.X_OK);
    } catch (cause) {
      throw new StackError(
        `容器读不到 ${folder} 文件夹：请在项目文件夹里执行 chmod -R go+rX ${MOUNTED.join(" ")}，再启动一次`,
        { cause },
      );
    }
  }
}

/** Compose needs some values itself but cannot read config.ini: npm start passes them on, .env does otherwise. */
function checkPublished(key: string, value: number, variable: string, env: Env, wanted = value): void {
  const published = optional(env, variable);
  if (published === undefined || published === String(wanted)) return;
  throw new EnvironmentError(
    `config.ini 里的 ${key} 是 ${value}，而 docker compose 用的是 ${published}：请在 .env 里设置 ${variable}=${wanted}`,
  );
}

await cli(init);
