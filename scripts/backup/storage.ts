import { join } from "node:path";
import type { StatePaths } from "../stack/project.ts";

/** A part of the stack that keeps something, as its files are called in an archive. */
export type KeepingPart = "exporter" | "relay" | "prometheus" | "alertmanager" | "grafana";

/** The folders in which a stack keeps what is backed up; parts may share one, and one may lie in another. */
export type Storage = Record<KeepingPart, string>;

export function nativeStorage({ data }: StatePaths): Storage {
  return {
    exporter: data,
    relay: data,
    prometheus: join(data, "prometheus"),
    alertmanager: join(data, "alertmanager"),
    grafana: join(data, "grafana"),
  };
}

/** As the volumes are mounted in docker-compose.yml's service `backup`. */
export const VOLUMES: Storage = {
  exporter: "/stack/exporter",
  relay: "/stack/relay",
  prometheus: "/stack/prometheus",
  alertmanager: "/stack/alertmanager",
  grafana: "/stack/grafana",
};

/** Each folder once. */
export function foldersOf(storage: Storage): string[] {
  return [...new Set(Object.values(storage))];
}

/** Where a file of an archive belongs. @param subfolder to put it beside what is there */
export function placeOf(storage: Storage, name: string, subfolder: string): string {
  const [part, ...rest] = name.split("/");
  return join(storage[part as KeepingPart], subfolder, ...rest);
}
