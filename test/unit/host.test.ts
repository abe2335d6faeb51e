import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { platform } from "node:os";
import { test } from "node:test";
import { parseCpuTimes } from "../../exporter/collectors/cpu.ts";
import { diskCollector } from "../../exporter/collectors/disk.ts";
import { parseMeminfo } from "../../exporter/collectors/memory.ts";

test("CPU: iowait is idle, steal is busy, guest time is not counted twice", () => {
  //                                      user nice system idle iowait irq softirq steal guest guest_nice
  const times = parseCpuTimes("cpu  100 10 50 700 90 5 5 40 30 3\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  assert.deepEqual(times, { total: 1000, idle: 790 });
});

test("memory: what the page cache could give up is available", () => {
  const meminfo = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   18000000 kB\n";
  assert.deepEqual(parseMeminfo(meminfo), { available: 18_000_000, total: 24_000_000 });
});

test("disk: the same as df, which rounds up to the next percent", {
  skip: platform() !== "linux" && "df differs between systems",
}, async () => {
  const samples = await diskCollector("/").collect();
  const root = samples.find(({ labels }) => labels?.mountpoint === "/");
  const percent = Number.parseInt(
    execFileSync("df", ["--output=pcent", "/"], { encoding: "utf8" }).split("\n")[1] ?? "",
    10,
  );
  assert.ok(root);
  assert.ok(root.value > percent - 1.1 && root.value < percent + 0.1, `${root.value} and df's ${percent}`);
});
