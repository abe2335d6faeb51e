import { backupCheck } from "./backup.ts";
import { channelsCheck } from "./channels.ts";
import type { Check } from "./check.ts";
import { clockCheck } from "./clock.ts";
import { collectorsCheck } from "./collectors.ts";
import { diskCheck } from "./disk.ts";
import { heartbeatCheck } from "./heartbeat.ts";
import { inForceCheck } from "./in-force.ts";
import { measuringCheck } from "./measuring.ts";
import { mailCheck, wecomCheck } from "./outside.ts";
import { partsCheck } from "./parts.ts";
import { portsCheck } from "./ports.ts";
import { rulesCheck } from "./rules.ts";
import { runtimeCheck } from "./runtime.ts";
import { secretsCheck } from "./secrets.ts";
import { settingsCheck } from "./settings.ts";
import { silencesCheck } from "./silences.ts";
import { targetsCheck } from "./targets.ts";
import { untoldCheck } from "./untold.ts";
import { versionsCheck } from "./versions.ts";

/** Every check, in the order in which its findings are told. */
export const CHECKS: Check[] = [
  settingsCheck,
  partsCheck,
  portsCheck,
  secretsCheck,
  runtimeCheck,
  versionsCheck,
  channelsCheck,
  wecomCheck,
  mailCheck,
  untoldCheck,
  heartbeatCheck,
  rulesCheck,
  silencesCheck,
  inForceCheck,
  measuringCheck,
  collectorsCheck,
  targetsCheck,
  clockCheck,
  diskCheck,
  backupCheck,
];
