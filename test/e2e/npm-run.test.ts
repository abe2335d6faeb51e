import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePorts } from "../helpers/ports.ts";
import { temporaryFolder } from "../unit/support/folder.ts";

test("SIGTERM to npm run exporter ends the exporter too", {
  skip: platform() === "win32" && "there are no signals",
}, async (t) => {
  const folder = temporaryFolder(t);
  const [port] = await freePorts(1);
  const config = join(folder, "config.ini");
  writeFileSync(config, `[monitoring]\nmetrics_port = ${port}\n`);
  // Its own process group, so that a test that fails leaves nothing running.
  const npm = spawn("npm", ["run", "--ignore-scripts", "exporter"], {
    cwd: PROJECT,
    env: { ...process.env, MONITORING_CONFIG: config, DATA_DIR: folder },
    stdio: "ignore",
    detached: true,
  });
  t.after(() => {
    if (npm.pid === undefined) return;
    try {
      process.kill(-npm.pid, "SIGKILL");
    } catch {
      // Nothing of it is left, as it should be.
    }
  });
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/-/healthy`)).ok;
  await eventually("the exporter", answers, 30);
  npm.kill("SIGTERM");
  await once(npm, "exit");
  const gone = () =>
    answers().then(
      () => false,
      () => true,
    );
  assert.ok(await eventually("its end", gone, 5));
});
