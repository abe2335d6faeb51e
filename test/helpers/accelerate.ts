import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds of each unit. */
const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The settings that hold a time in the files of Prometheus and Alertmanager. */
const SETTINGS = /^(\s*(?:- )?(?:for|keep_firing_for|(?:\w+_)?interval|group_wait): )(\d+)([smhd])$/gm;
/** A range in an expression. */
const RANGES = /\[(\d+)([smhd])\]/g;
/** A flag of Prometheus. */
const FLAG = /(resend-delay=)(\d+)([smhd])/g;
/** Prometheus takes 5 s to find its first targets, however fast all else is. */
const ABSENT = / or absent\(up\{[^}]*\}\)/g;
/** Thresholds in seconds. */
const SECONDS = /(?<=expr: )(\d+)(?= # seconds)/g;

/** Milliseconds in the relay's own code that go with them. */
const CONSTANTS: [file: string, names: string[]][] = [
  ["watchdog.ts", ["WATCHDOG_SILENCE", "CHECK_EVERY", "GRACE"]],
  ["doubt.ts", ["DOUBTFUL_SILENCE"]],
  ["reconciling.ts", ["LOOK_EVERY", "SETTLED"]],
];

/**
 * Makes the time of rules, routes and the watchdog pass faster, everything else the same: a story of ten minutes is
 * told in seconds.
 * @param project a copy of the checkout, rewritten in place
 */
export function accelerate(project: string, factor: number): void {
  const rules = join(project, "prometheus/rules");
  const configurations = [
    join(project, "prometheus/prometheus.yml"),
    join(project, "alertmanager/alertmanager.yml"),
    join(project, "scripts/stack/parts.ts"),
    ...readdirSync(rules).map((name) => join(rules, name)),
  ];
  for (const file of configurations) rewrite(file, (text) => quicker(text, factor).replaceAll(ABSENT, ""));
  rewrite(join(rules, "thresholds.yml"), (text) =>
    text.replaceAll(SECONDS, (seconds) => String(Number(seconds) / factor)),
  );
  for (const [name, constants] of CONSTANTS) {
    rewrite(join(project, "alertmanager/relay", name), (text) =>
      constants.reduce((code, constant) => divide(code, constant, factor), text),
    );
  }
}

/** @param text a file of Prometheus or Alertmanager */
export function quicker(text: string, factor: number): string {
  return [SETTINGS, FLAG].reduce(
    (quick, pattern) =>
      quick.replaceAll(
        pattern,
        (_, key: string, count: string, unit: string) => key + shorten(count, unit, factor),
      ),
    text.replaceAll(RANGES, (_, count: string, unit: string) => `[${shorten(count, unit, factor)}]`),
  );
}

function shorten(count: string, unit: string, factor: number): string {
  const milliseconds = Math.round((Number(count) * (UNITS[unit] ?? 0)) / factor);
  return milliseconds === 0 ? "0s" : `${milliseconds}ms`;
}

function divide(code: string, constant: string, factor: number): string {
  const slow = new RegExp(`const ${constant} = (.+);`);
  if (!slow.test(code)) throw new Error(`no constant ${constant}`);
  return code.replace(slow, `const ${constant} = ($1) / ${factor};`);
}

function rewrite(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
