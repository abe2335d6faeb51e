/** The worst first. */
const SEVERITIES = ["critical", "warning", "info"];

/** @returns the smaller the worse; an alert of any other severity, or of none, comes last */
export function severityRank({ severity = "" }: Record<string, string>): number {
  const rank = SEVERITIES.indexOf(severity);
  return rank === -1 ? SEVERITIES.length : rank;
}
