import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { PROJECT } from "../../scripts/stack/project.ts";

/** Has the page look now: it looks by itself every 15 seconds only. */
export async function look(page: Page): Promise<void> {
  const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/");
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await answered;
}

/** What axe-core finds, each with where. The page's policy lets no script in but by the debugger. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(join(PROJECT, "node_modules/axe-core/axe.min.js"), "utf8"));
  const found = (await page.evaluate("axe.run()")) as {
    violations: { id: string; help: string; nodes: { target: string[] }[] }[];
  };
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target }) => `${id}: ${help}: ${target.join(" ")}`),
  );
}

/** By how many pixels the page is wider than the screen. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - innerWidth");
}
