/** A terminal does what control characters say, and texts come from elsewhere. @returns it without any but line breaks */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n]+/gu, " ");
}

/** The same, for what must not look like several lines. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{C}+/gu, " ");
}
