import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../scripts/stack/run.ts";
import { requireTool } from "./servers.ts";

/** `promtool test rules`. @returns what it found wrong, "" if nothing; its findings are on standard output. */
export async function findings(testFile: string): Promise<string> {
  const promtool = await requireTool("prometheus");
  const output = await run("sh", ["-c", '"$0" test rules "$1" 2>&1 || echo FAILED', promtool, testFile]);
  return output.includes("FAILED") ? output : "";
}

/** The same, for tests that are made here. */
export async function findingsOf(tests: object): Promise<string> {
  return withFile(tests, findings);
}

/** @throws with what promtool says of the first expression that is none */
export async function parseExpressions(expressions: string[]): Promise<void> {
  const promtool = await requireTool("prometheus");
  const rules = expressions.map((expr, index) => ({ record: `test:expression_${index}:parsed`, expr }));
  await withFile({ groups: [{ name: "expressions", rules }] }, (file) =>
    run(promtool, ["check", "rules", file]),
  );
}

async function withFile<T>(content: object, use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-promtool-"));
  try {
    const file = join(folder, "made.yml");
    writeFileSync(file, stringify(content));
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
