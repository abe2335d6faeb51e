/** Milliseconds for one question to a server of ours. */
export const QUESTION_TIMEOUT = 5000;

/** A metric without labels, as a server shows it. @throws when it does not answer */
export async function metric(url: string, name: string): Promise<number | undefined> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(QUESTION_TIMEOUT) });
  const text = await response.text();
  const value = new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
