/** @returns for example "1.2 GB" */
export function tellSize(bytes: number): string {
  const mega = bytes / 1024 / 1024;
  return mega >= 1024 ? `${(mega / 1024).toFixed(1)} GB` : `${mega.toFixed(1)} MB`;
}
