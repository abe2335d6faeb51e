import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Express } from "express";

const require = createRequire(import.meta.url);

const own = (file: string) => join(import.meta.dirname, file);

/** In the order in which they are loaded. */
export const STYLES = [
  "base.css",
  "verdict.css",
  "sections.css",
  "controls.css",
  "runbook.css",
  "screens.css",
];

/** Everything that the page loads: the file of each, and its type. */
const FILES: Record<string, [path: string, type: string]> = {
  ...Object.fromEntries(STYLES.map((name) => [name, [own(`styles/${name}`), "text/css"]])),
  "icon.svg": [own("icon.svg"), "image/svg+xml"],
  "page.js": [own("browser/page.js"), "text/javascript"],
  "actions.js": [own("browser/actions.js"), "text/javascript"],
  "chart-lines.js": [own("browser/chart-lines.js"), "text/javascript"],
  "charts.js": [own("browser/charts.js"), "text/javascript"],
  "morph.js": [own("browser/morph.js"), "text/javascript"],
  "uplot.js": [require.resolve("uplot/dist/uPlot.iife.min.js"), "text/javascript"],
  "uplot.css": [require.resolve("uplot/dist/uPlot.min.css"), "text/css"],
};

const contents = new Map<string, Buffer>();

function read(name: string): Buffer {
  const known = contents.get(name) ?? readFileSync(FILES[name]?.[0] ?? name);
  contents.set(name, known);
  return known;
}

let version: string | undefined;

/** Where a file is; the address changes with the files, so that browsers may keep them for good. */
export function assetUrl(name: string): string {
  version ??= Object.keys(FILES)
    .reduce((hash, file) => hash.update(read(file)), createHash("sha256"))
    .digest("hex")
    .slice(0, 12);
  return `assets/${version}/${name}`;
}

/** Seconds. */
const YEAR = 365 * 24 * 3600;

export function addAssets(app: Express): void {
  app.get("/assets/:version/:name", (request, response, next) => {
    const { name } = request.params;
    const [, type] = (Object.hasOwn(FILES, name) && FILES[name]) || [];
    if (type === undefined) return next();
    const isCurrent = assetUrl(name).endsWith(`/${request.params.version}/${name}`);
    response.set("Cache-Control", isCurrent ? `public, max-age=${YEAR}, immutable` : "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.type(`${type}; charset=utf-8`).send(read(name));
  });
}
