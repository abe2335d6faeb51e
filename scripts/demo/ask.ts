/** Milliseconds for one question to a part of the stack. */
const TIMEOUT = 10_000;

/** @throws when it does not answer, or not with 2xx */
export async function askText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.text();
}

/** @throws as above, or where it is not JSON */
export async function askJson<T>(url: string): Promise<T> {
  return JSON.parse(await askText(url)) as T;
}
