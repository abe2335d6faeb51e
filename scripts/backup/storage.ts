import { join, relative } from "node:path";
import type { StatePaths } from "../stack/project.ts";

/** A part of the stack that keeps something, as its files are called in an archive. */
export type KeepingPart = "exporter" | "relay" | "prometheus" | "alertmanager" | "grafana";

/** Where a stack keeps what is backed up. */
export interface Storage {
  folders: Record<KeepingPart, string>;
  /** All of these folders lie in one of these, and nothing else does. */
  roots: string[];
  /** The config.ini in force. */
  config: string;
}

/** @param config where the operator's config.ini is in force */
export function nativeStorage({ data }: StatePaths, config: string): Storage {
  return {
    folders: {
      exporter: data,
      relay: data,
      prometheus: join(data, "prometheus"),
      alertmanager: join(data, "alertmanager"),
      grafana: join(data, "grafana"),
    },
    roots: [data],
    config,
  };
}

/** As the volumes are mounted in docker-compose.yml's service `backup`. */
export function volumeStorage(config = "/rendered/current/config.ini"): Storage {
  const folders = {
    exporter: "/stack/exporter",
    relay: "/stack/relay",
    prometheus: "/stack/prometheus",
    alertmanager: "/stack/alertmanager",
    grafana: "/stack/grafana",
  };
  return { folders, roots: Object.values(folders), config };
}

/** Where a file of an archive belongs. @param subfolder of the root, to put it beside what is there */
export function placeOf(storage: Storage, name: string, subfolder: string): string {
  const [part = "", ...rest] = name.split("/");
  const folder = storage.folders[part as KeepingPart];
  const root = storage.roots.find((candidate) => !relative(candidate, folder).startsWith("..")) ?? folder;
  return join(root, subfolder, relative(root, folder), ...rest);
}
