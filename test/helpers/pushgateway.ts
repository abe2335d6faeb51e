import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram } from "./debian.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

/** The peer for events: Debian's prometheus-pushgateway, which keeps what is pushed on disk, once a second. */
export async function startPushgateway(): Promise<{ url: string; stop(): void }> {
  const program = await debianProgram("prometheus-pushgateway", "usr/bin/prometheus-pushgateway");
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "monitoring-pushgateway-"));
  const server = spawn(
    program,
    [
      `--web.listen-address=127.0.0.1:${port}`,
      `--persistence.file=${join(folder, "state")}`,
      "--persistence.interval=1s",
    ],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  await eventually("Pushgateway", async () => (await fetch(`${url}/-/ready`)).ok, 20);
  return {
    url,
    stop() {
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
