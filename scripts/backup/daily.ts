import { once } from "node:events";
import { readConfig } from "../../config/config.ts";
import { configFile, optional, readPublicUrls, readUrl } from "../../config/environment.ts";
import { systemClock } from "../../service/clock.ts";
import { cli } from "../stack/cli.ts";
import { attempt } from "./attempt.ts";
import { createFailureAlert } from "./failure-alert.ts";
import { dailyArchives, isDue, newestName } from "./rotation.ts";
import { createSchedule } from "./schedule.ts";

/** Makes the daily backups, by the command that it is given, until it is stopped. One that was missed is made up for. */
async function daily(signal: AbortSignal): Promise<void> {
  const { env } = process;
  const { backup, timezone, metricsPort } = readConfig(configFile(env));
  const folder = optional(env, "BACKUP_DIR") ?? "backups";
  // systemd, or docker compose with BACKUP_DAILY, may start what config.ini does not ask for.
  const isWanted = backup.keep > 0;
  if (!isWanted) process.stdout.write("config.ini 里 backup_keep 是 0：不做每日备份\n");
  const schedule = createSchedule({
    clock: systemClock,
    isDue() {
      const now = new Date();
      return isWanted && isDue(newestName(dailyArchives(folder), timezone, now), backup.hour, timezone, now);
    },
    make: (stopping) => attempt(process.argv.slice(2), stopping),
    tell: createFailureAlert({
      alertmanagerUrl: readUrl(env, "ALERTMANAGER_URL", "http://localhost:9093"),
      exporterUrl: readPublicUrls(env, metricsPort).exporter,
    }),
  });
  schedule.start();
  await once(signal, "abort");
  await schedule.stop();
}

await cli(daily, {
  words: {
    first: "每日备份正在停下",
    second: "每日备份已停下，没写完的会在下一次备份时删除",
  },
});
