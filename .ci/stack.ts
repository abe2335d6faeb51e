import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestStack, type TestStack } from "../test/helpers/stack.ts";

/**
 * A copy of the checkout whose stack runs on the servers of a folder, scrapes every second and evaluates as often:
 * otherwise most of the time goes by waiting.
 */
export async function createStackOn(servers: string): Promise<TestStack> {
  const stack = await createTestStack();
  const link = join(stack.folder, ".stack/servers");
  rmSync(link);
  symlinkSync(servers, link);
  const config = join(stack.folder, "prometheus/prometheus.yml");
  writeFileSync(
    config,
    readFileSync(config, "utf8").replaceAll(/(scrape|evaluation)_interval: \w+/g, "$1_interval: 1s"),
  );
  const history = join(stack.folder, "prometheus/rules/history.yml");
  writeFileSync(history, readFileSync(history, "utf8").replace(/^( +interval:) \w+$/m, "$1 1s"));
  return stack;
}

/** What `npm start` made of the committed files. */
export function renderedFile(stack: TestStack, path: string): string {
  return join(stack.folder, ".stack/config/current", path);
}

/** The data of an answer of Prometheus's API. @throws with its reason */
export async function askPrometheus<T>(
  stack: TestStack,
  path: string,
  query: Record<string, string> = {},
): Promise<T> {
  const url = `${stack.urls.prometheus}/api/v1/${path}?${new URLSearchParams(query)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  const answer = text.startsWith("{") ? JSON.parse(text) : { error: `HTTP ${response.status}` };
  if (answer.status !== "success") throw new Error(`Prometheus on ${path}: ${answer.error}`);
  return answer.data;
}
