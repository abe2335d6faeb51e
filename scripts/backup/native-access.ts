import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { startNative, stopNative } from "../stack/native.ts";
import { activeProcesses, runningProcesses } from "../stack/processes.ts";
import { PROJECT, type StatePaths } from "../stack/project.ts";
import { currentFolder } from "../stack/publish.ts";
import type { Report } from "../stack/report.ts";
import { checkSettings, findConfigFile, readSettings } from "../stack/settings.ts";
import type { Access } from "./access.ts";
import { packArchive } from "./archive.ts";
import { collect, type RunningServers } from "./collecting.ts";
import { discard, putBack, swap, unpack } from "./exchange.ts";
import type { Facts } from "./manifest.ts";
import { scratchOf } from "./saving.ts";
import { nativeStorage } from "./storage.ts";

/** A stack whose data lies in .stack/data. */
export function nativeAccess(paths: StatePaths, report: Report): Access {
  const records = runningProcesses(paths);
  const originOf = (name: string) => {
    const url = records.find((record) => record.name === name)?.readyUrl;
    return url === undefined ? undefined : new URL(url).origin;
  };
  const servers: RunningServers = {
    prometheus: originOf("prometheus"),
    alertmanager: originOf("alertmanager"),
  };
  const inForce = join(currentFolder(paths.config), "config.ini");
  const storage = nativeStorage(paths, existsSync(inForce) ? inForce : findConfigFile());
  return {
    title: "本机方式",
    isRunning: activeProcesses(paths).length > 0,
    config: async () => readFileSync(storage.config, "utf8"),
    pack(addition, file, signal) {
      const facts: Facts = { servers: {}, databases: {}, variables: [] };
      const options = { storage, servers, scratch: scratchOf(file), ...addition, report, signal };
      return Readable.from(
        packArchive(collect(options, facts), () => facts),
        { objectMode: false },
      );
    },
    async unpack(file, signal) {
      const step = report.begin("解开备份，放在现有数据旁边");
      try {
        await unpack(file, storage, { signal, progress: step.progress });
        step.done();
      } catch (error) {
        step.fail("没有成功");
        throw error;
      }
    },
    swap: async () => swap(storage),
    putBack: async () => putBack(storage),
    discard: async () => discard(storage),
    stop: async () => void (await stopNative(paths, report, new AbortController().signal)),
    async start(signal) {
      const settings = readSettings();
      await checkSettings(settings);
      await startNative({ project: PROJECT, paths, ...settings, report, fetchServers: false, signal });
    },
  };
}
