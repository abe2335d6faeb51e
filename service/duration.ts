/** For example 1 小时 5 分: the two largest units. @param milliseconds negative counts as 0 */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), "天"],
    [Math.floor(seconds / 3600) % 24, "小时"],
    [Math.floor(seconds / 60) % 60, "分"],
    [seconds % 60, "秒"],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0 秒";
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
