// Installs what is missing before anything else runs. Plain JavaScript: the Node that runs it may be any from 20 on,
// the one that runs the rest comes with the packages.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { restoreManifest } from "./manifest.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const withDev = process.argv.includes("--dev");
/** The oldest Node that runs TypeScript and has all that we use of it. */
const NODE_MAJOR = 26;

// npm pack may have been killed; npm ci would refuse what it left.
restoreManifest(root);
const wanted = readPackages("package-lock.json");
const present = readPackages("node_modules/.package-lock.json");
if (!isInstalled()) {
  console.log("正在安装依赖……");
  npm("ci", "--no-audit", "--no-fund", ...(withDev ? [] : ["--omit=dev"]));
}
linkNode();

/** Whether node_modules holds every package that the lock file asks for on this system. */
function isInstalled() {
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" || (entry.dev && !withDev) || !fitsHere(entry) || present[path]?.version === entry.version,
  );
}

/** npm 10 installs the package but leaves out its link, as packages for other systems have one of the same name. */
function linkNode() {
  const [path] = Object.entries(wanted).find(([, entry]) => entry.bin?.node && fitsHere(entry)) ?? [];
  if (path !== undefined && existsSync(join(root, path))) {
    const link = join(root, "node_modules/.bin", process.platform === "win32" ? "node.cmd" : "node");
    if (!existsSync(link)) npm("rebuild", "--ignore-scripts", path.replace("node_modules/", ""));
  } else if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) {
    fail(
      `这个系统（${process.platform}-${process.arch}）请自行安装 Node ${NODE_MAJOR} 或更新的版本，现在是 ${process.version}。`,
    );
  }
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return {};
  }
}

/** Not a package for another system. */
function fitsHere({ os, cpu, libc }) {
  return allows(os, process.platform) && allows(cpu, process.arch) && libc === undefined;
}

function allows(list, value) {
  return list === undefined || [list].flat().includes(value);
}

function npm(...args) {
  const options = { cwd: root, stdio: "inherit", shell: process.platform === "win32" };
  const { status, error } = spawnSync("npm", args, options);
  if (status === 0) return;
  fail(
    `npm ${args[0]} 失败${error ? `：${error.message}` : ""}。请检查网络与 npm 镜像设置（npm config get registry）后重试。`,
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
