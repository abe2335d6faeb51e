// The page comes complete from the server. This fetches it again and again, and changes what has changed.
import { listenToButtons } from "./actions.js";
import { drawCharts } from "./charts.js";
import { morph } from "./morph.js";

/** Milliseconds from one look to the next, after one that was answered and after one that was not. */
const INTERVAL = 15_000;
const RETRY = 5000;
/** Milliseconds after which a look has failed. */
const DEADLINE = 10_000;
/** Milliseconds after which what is shown is too old to be believed. */
const OLD = 45_000;
/** Milliseconds: the charts move slower. */
const CHARTS_INTERVAL = 60_000;

/** When the exporter answered last, on the browser's own clock. */
let answeredAt = Date.now();
let chartsAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Promise<void> | undefined} */
let underWay;

/** Looks now; the next look follows by itself. */
export function refresh() {
  underWay ??= look().finally(() => {
    underWay = undefined;
  });
  return underWay;
}

async function look() {
  clearTimeout(timer);
  try {
    const response = await fetch("./", { cache: "no-store", signal: AbortSignal.timeout(DEADLINE) });
    if (!response.ok) throw new Error(`应答 HTTP ${response.status}`);
    update(new DOMParser().parseFromString(await response.text(), "text/html"));
    answeredAt = Date.now();
    tellOld(undefined);
    timer = setTimeout(refresh, INTERVAL);
  } catch (error) {
    tellOld(
      error instanceof Error && error.message.startsWith("应答")
        ? `采集程序${error.message}。`
        : "采集程序没有应答。",
    );
    timer = setTimeout(refresh, RETRY);
  }
  if (Date.now() - chartsAt >= CHARTS_INTERVAL) void updateCharts();
}

/** Those without data are asked for again with the next look. */
async function updateCharts() {
  chartsAt = Date.now();
  if (!(await drawCharts())) chartsAt = 0;
}

/** @param {Document} fresh */
function update(fresh) {
  const main = fresh.getElementById("main");
  // For example the login page of a proxy.
  if (main === null) throw new Error("应答的不是监控页面");
  // After an upgrade: what is loaded is the old one's. What somebody is typing is not taken away.
  if (scriptOf(fresh) !== scriptOf(document) && !document.querySelector("dialog[open]")) {
    location.reload();
    return;
  }
  document.title = fresh.title;
  for (const selector of ["header.top", "#main"]) {
    const [from, to] = [document.querySelector(selector), fresh.querySelector(selector)];
    if (from !== null && to !== null) morph(from, to);
  }
}

/** Its address changes with everything that a page loads. @param {Document} page */
function scriptOf(page) {
  return page.querySelector("script[type=module]")?.getAttribute("src");
}

/**
 * What is old must not look like what is.
 * @param {string | undefined} reason undefined where it is not old
 */
function tellOld(reason) {
  const stale = document.getElementById("stale");
  const [text, clock] = ["stale-reason", "stale-clock"].map((id) => document.getElementById(id));
  if (!stale || !text || !clock) return;
  document.body.classList.toggle("stale", reason !== undefined);
  stale.hidden = reason === undefined;
  if (reason === undefined) return;
  document.title = "不知道现在是否正常 · 系统监控";
  if (text.textContent !== reason) text.textContent = reason;
  clock.textContent = document.getElementById("main")?.dataset.clock ?? "";
}

/** A phone that was put away shows what it showed then. */
function lookAgain() {
  if (document.visibilityState !== "visible") return;
  if (Date.now() - answeredAt > OLD) tellOld("正在更新。");
  void refresh();
}

document.addEventListener("visibilitychange", lookAgain);
addEventListener("pageshow", (event) => {
  if (event.persisted) lookAgain();
});
addEventListener("online", lookAgain);
addEventListener("offline", () => tellOld("这台设备没有网络。"));

listenToButtons(refresh);
timer = setTimeout(refresh, INTERVAL);
void updateCharts();
