// Installs what is missing before anything else runs. Plain JavaScript: the Node that runs it may be any from 20 on,
// the one that runs the rest comes with the packages.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const withDev = process.argv.includes("--dev");

if (!isInstalled()) install();

/** Whether node_modules holds every package that the lock file asks for on this system. */
function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const present = readPackages("node_modules/.package-lock.json");
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" || (entry.dev && !withDev) || !fitsHere(entry) || present[path]?.version === entry.version,
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return {};
  }
}

/** A package for another system, or an optional one that npm may leave out. */
function fitsHere({ os, cpu, libc }) {
  return allows(os, process.platform) && allows(cpu, process.arch) && libc === undefined;
}

function allows(list, value) {
  return list === undefined || [list].flat().includes(value);
}

function install() {
  console.log("正在安装依赖……");
  const options = { cwd: root, stdio: "inherit", shell: process.platform === "win32" };
  const { status, error } = spawnSync(
    "npm",
    ["ci", "--no-audit", "--no-fund", ...(withDev ? [] : ["--omit=dev"])],
    options,
  );
  if (status === 0) return;
  console.error(
    `安装依赖失败${error ? `：${error.message}` : ""}。请检查网络与 npm 镜像设置（npm config get registry）后重试。`,
  );
  process.exit(1);
}
