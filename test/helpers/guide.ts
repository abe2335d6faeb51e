import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../../scripts/stack/project.ts";

/** The guide's blocks of code in one language, as ```ts names it, in order. */
export function guideCode(language: string): string[] {
  const guide = readFileSync(join(PROJECT, "docs/guide.zh-CN.md"), "utf8");
  const blocks = guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map(([, code = ""]) => code);
}
