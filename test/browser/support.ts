import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { PROJECT } from "../../scripts/stack/project.ts";
import { launchChromium, openPage, type WatchedPage } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Story, startStory } from "../helpers/story.ts";

/** The page of a running stack in which one service is down. */
export interface StoryPage {
  readonly story: Story;
  /** Closed after the test. */
  open(options?: BrowserContextOptions, path?: string): Promise<WatchedPage>;
  token(): string;
}

/** Starts a stack and a browser for the suite that it is called in. @param service that is down */
export function useStoryPage(service: string): StoryPage {
  let story: Story;
  let browser: Browser;
  const opened: WatchedPage[] = [];

  before(async () => {
    story = await startStory({}, (text) => `${text}\n${service} = http://localhost:1/\n`);
    browser = await launchChromium();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((page) => page.close()));
    // After a test that failed half way, too.
    await story.stack.up();
  });

  after(async () => {
    await browser.close();
    await story.end();
  });

  return {
    get story() {
      return story;
    },
    async open(options, path = "/") {
      const watched = await openPage(browser, story.stack.urls.exporter + path, options);
      opened.push(watched);
      return watched;
    },
    token: () => story.stack.env().EXPORTER_TOKEN ?? "",
  };
}

/** The sentence that says how it is. */
export function verdict(page: Page) {
  return page.locator("#verdict");
}

/** The row or tile that is about something. */
export function about(page: Page, name: string) {
  return page.locator(".tile, .rows > li").filter({ hasText: name }).first();
}

export async function eventuallySays(page: Page, selector: string, text: RegExp): Promise<void> {
  await eventually(`${selector} says ${text}`, async () => {
    await look(page);
    return text.test((await page.locator(selector).innerText()) ?? "");
  });
}

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
