import { lstatSync, readlinkSync } from "node:fs";

/** Everything that an installed service has on the machine, but for its units. */
export const SERVICE_USER = "wecom-monitoring";
export const SERVICE_STATE = "/var/lib/wecom-legal-monitoring";
export const UNIT_FOLDER = "/etc/systemd/system";
export const TARGET = "wecom-monitoring.target";
/** Says that one of our commands has started the parts since the machine's last boot. */
export const STARTED = "/run/wecom-monitoring-started";

export function unitName(part: string): string {
  return `wecom-monitoring-${part}.service`;
}

/** Whether systemd runs the parts of a stack: its state folder is a link then, for everybody to see. */
export function isService(stateFolder: string, service = SERVICE_STATE): boolean {
  const isLink = lstatSync(stateFolder, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink && readlinkSync(stateFolder) === service;
}
