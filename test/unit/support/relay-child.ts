import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { serviceFlags } from "../../../scripts/stack/parts.ts";
import { PROJECT } from "../../../scripts/stack/project.ts";
import { eventually } from "../../helpers/eventually.ts";
import { freePorts } from "../../helpers/ports.ts";
import { temporaryFolder } from "./folder.ts";

export interface RelayChild {
  url: string;
  /** What it has logged so far. */
  log(): string;
}

/** The relay as `npm run relay` runs it, until the test ends. @param env its channels */
export async function startRelayChild(t: TestContext, env: Record<string, string>): Promise<RelayChild> {
  const folder = temporaryFolder(t);
  const [port] = await freePorts(1);
  const config = join(folder, "config.ini");
  writeFileSync(config, "[monitoring]\nalert_notification_channels = wecom,email\n");
  const child = spawn(process.execPath, [...serviceFlags(PROJECT), "alertmanager/relay/main.ts"], {
    cwd: PROJECT,
    env: {
      PATH: process.env.PATH,
      MONITORING_CONFIG: config,
      DATA_DIR: folder,
      RELAY_PORT: String(port),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
  t.after(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually("the relay is ready", async () => {
    if (child.exitCode !== null) return true;
    return (await fetch(`${url}/-/ready`)).ok;
  });
  return { url, log: () => log };
}
