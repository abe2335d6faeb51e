import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { platform } from "node:os";
import { test } from "node:test";
import { cpuCollector, parseCpuTimes } from "../../exporter/collectors/cpu.ts";
import { diskCollector } from "../../exporter/collectors/disk.ts";
import { parseMeminfo } from "../../exporter/collectors/memory.ts";

const LINUX = platform() === "linux";

test("CPU: iowait is idle, steal is busy, guest time is not counted twice", () => {
  //                                      user nice system idle iowait irq softirq steal guest guest_nice
  const times = parseCpuTimes("cpu  100 10 50 700 90 5 5 40 30 3\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  assert.deepEqual(times, { total: 1000, idle: 790 });
});

test("CPU: a counter that went back does not show as load", {
  skip: !LINUX && "systeminformation's",
}, async () => {
  const readings = [
    "cpu  100 0 100 800 100 0 0 0 0 0\n", // the first, with the next one
    "cpu  110 0 110 880 100 0 0 0 0 0\n",
    "cpu  120 0 120 970 90 0 0 0 0 0\n", // iowait went back, idle took it over
    "cpu  130 0 130 500 50 0 0 0 0 0\n", // a CPU was taken away: measured anew, with the next two
    "cpu  131 0 131 500 50 0 0 0 0 0\n",
    "cpu  135 0 135 516 54 0 0 0 0 0\n",
  ];
  const collector = cpuCollector(() => readings.shift() ?? "");
  const values: number[] = [];
  for (let run = 0; run < 3; run += 1) values.push((await collector.collect())[0]?.value ?? Number.NaN);
  assert.deepEqual(values.map(Math.round), [20, 20, 29]);
  assert.equal(readings.length, 0);
});

test("memory: what the page cache could give up is available", () => {
  const meminfo = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   18000000 kB\n";
  assert.deepEqual(parseMeminfo(meminfo), { available: 18_000_000, total: 24_000_000 });
});

test("memory: a kernel that does not tell is no measurement", () => {
  assert.throws(() => parseMeminfo("MemTotal:       24000000 kB\n"), /\/proc\/meminfo has no MemAvailable/);
});

test("disk: the same as df, which rounds up to the next percent", {
  skip: !LINUX && "df differs between systems",
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
