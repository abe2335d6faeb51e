import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** The names that systems give it. */
const PROGRAMS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** Nothing but the page itself is to ask for anything. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is; undefined on a machine without one, whose tests in a browser are skipped. */
export function findChromium(): string | undefined {
  const places = (process.env.PATH ?? "").split(delimiter);
  return places.flatMap((folder) => PROGRAMS.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const WITHOUT_CHROMIUM =
  "no chromium on this machine (Debian: apt-get install chromium fonts-noto-cjk)";

/** @throws where there is none */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(WITHOUT_CHROMIUM);
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** A page, and what has gone wrong in it so far. */
export interface WatchedPage {
  page: Page;
  /** Errors of the console and of scripts. Of failed requests only with `failures`. */
  errors(options?: { failures?: boolean }): string[];
  /** Addresses asked for that are not the page's own. */
  strangers(): string[];
  /** Dialogs that a script has opened by itself. */
  popups: string[];
  close(): Promise<void>;
}

/** Opens an address in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: "zh-CN", ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const asked: string[] = [];
  const popups: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => asked.push(request.url()));
  page.on("dialog", (dialog) => {
    popups.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(url);
  return {
    page,
    errors: ({ failures = true } = {}) =>
      errors.filter((text) => failures || !text.startsWith("Failed to load resource")),
    strangers: () => asked.filter((address) => new URL(address).origin !== new URL(url).origin),
    popups,
    close: () => context.close(),
  };
}
