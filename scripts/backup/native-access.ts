import { join } from "node:path";
import { readConfigFile } from "../../config/config.ts";
import { startNative, stopNative } from "../stack/native.ts";
import { activeProcesses, runningProcesses } from "../stack/processes.ts";
import { PROJECT, type StatePaths } from "../stack/project.ts";
import { currentFolder } from "../stack/publish.ts";
import type { Report } from "../stack/report.ts";
import { checkSettings, findConfigFile, readSettings } from "../stack/settings.ts";
import type { Access } from "./access.ts";
import type { RunningServers } from "./collecting.ts";
import { discard, putBack, swap, unpack } from "./exchange.ts";
import { pack } from "./packing.ts";
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
  const isRunning = activeProcesses(paths).length > 0;
  const inForce = join(currentFolder(paths.config), "config.ini");
  const storage = nativeStorage(paths);
  return {
    title: "本机方式",
    isRunning,
    config: async () => readConfigFile(isRunning ? inForce : findConfigFile()).text,
    pack: (addition, file, signal) =>
      pack({ storage, servers, scratch: scratchOf(file), ...addition, report, signal }),
    unpack: (file, signal) => unpack(file, storage, { report, signal }),
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
