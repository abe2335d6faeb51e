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

test("amtool's reason stands on the line that says what it checks", () => {
  // As 0.25 and 0.33 write it.
  const stderr = "amtool: error: failed to validate 1 file(s)\n\n";
  const undefinedReceiver =
    "Checking '/out/abc/alertmanager/alertmanager.yml'  FAILED: undefined receiver \"watchdgo\" used in route\n\n";
  assert.equal(
    findings(new Error("amtool", { cause: { stdout: undefinedReceiver, stderr } }), "/out/abc"),
    'alertmanager/alertmanager.yml: undefined receiver "watchdgo" used in route',
  );
  const unknownField =
    "Checking '/out/abc/alertmanager/alertmanager.yml'  FAILED: yaml: unmarshal errors:\n  line 62: field nme not found in type config.plain\n\n";
  assert.equal(
    findings(new Error("amtool", { cause: { stdout: unknownField, stderr } }), "/out/abc"),
    "alertmanager/alertmanager.yml: yaml: unmarshal errors:\nline 62: field nme not found in type config.plain",
  );
});

test("a tool that says nothing is quoted by what became of it", () => {
  assert.equal(findings(new Error("amtool：ENOENT", { cause: {} }), "/out/abc"), "amtool：ENOENT");
});
