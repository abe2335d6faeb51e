import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "../../scripts/stack/checks.ts";

test("only what is wrong is told, once, and by the name of the operator's own file", () => {
  const stdout = "Checking /out/abc/prometheus/prometheus.yml\n SUCCESS: it is valid\n\n";
  const stderr =
    "  FAILED:\n/out/abc/prometheus/rules/host.yml: 3:1: wrong\n/out/abc/prometheus/rules/host.yml: 3:1: wrong\n";
  const error = new Error("promtool check", { cause: { stdout, stderr } });
  assert.equal(findings(error, "/out/abc"), "prometheus/rules/host.yml: 3:1: wrong");
});

test("a tool that says nothing is quoted by what became of it", () => {
  assert.equal(findings(new Error("amtool：ENOENT", { cause: {} }), "/out/abc"), "amtool：ENOENT");
});
