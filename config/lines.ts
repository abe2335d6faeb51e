/** A line that says something, and where it stands. */
export interface LocatedLine {
  number: number;
  section: string | undefined;
  key: string | undefined;
  value: string | undefined;
}

/** The lines without comments, which begin with ; or # at the start or after a space: a URL may hold both. */
export function plainLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.replace(/(^|\s)[;#].*$/, "").trim());
}

/** For the ini library any ; or # begins a comment, but for those in a quoted value. */
export function escapeSigns(line: string): string {
  return /=\s*"[^"]*"$/.test(line) ? line : line.replaceAll(/[;#]/g, "\\$&");
}

/** Where each section and key stands: the ini library parses values but keeps no line numbers. */
export function locateKeys(plain: string[]): LocatedLine[] {
  const located: LocatedLine[] = [];
  let section: string | undefined;
  for (const [index, content] of plain.entries()) {
    if (content === "") continue;
    const header = /^\[([^\]]*)\]/.exec(content);
    if (header) section = header[1];
    const [key, ...rest] = header ? [undefined] : content.split("=");
    const value = rest.length > 0 ? rest.join("=").trim() : undefined;
    located.push({ number: index + 1, section, key: key?.trim(), value });
  }
  return located;
}
