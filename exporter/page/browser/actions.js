// The buttons: start, stop, and a test message. What is written needs the token, where the exporter has one.

const KEY = "monitoring-token";

/** @typedef {{ url: string, result: string, doing: string, tell: (answer: any) => string[] }} Action */

/** @type {Record<string, Action>} */
const ACTIONS = {
  start: {
    url: "api/monitoring/start",
    result: "control-result",
    doing: "正在启动……",
    tell: () => ["监控已启动，几秒后开始有数据。"],
  },
  stop: {
    url: "api/monitoring/stop",
    result: "control-result",
    doing: "正在停止……",
    tell: () => ["监控已停止。用完请马上启动。"],
  },
  test: {
    url: "api/test",
    result: "test-result",
    doing: "正在发送，最多等 1 分钟……",
    tell: ({ results }) => results.map((/** @type {{ text: string }} */ { text }) => text),
  },
};

/** @param {() => Promise<void>} refresh shows what has changed */
export function listenToButtons(refresh) {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-action]") : null;
    if (button instanceof HTMLButtonElement) void press(button, refresh);
  });
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} refresh
 */
async function press(button, refresh) {
  const name = button.dataset.action ?? "";
  const action = ACTIONS[name];
  if (action === undefined) return;
  if (name === "stop" && !(await isConfirmed("stop-dialog"))) return;
  const token = await askToken("");
  if (token === undefined) return;
  // Not disabled: that would take the focus away.
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    await send(action, token, button);
  } finally {
    button.ariaBusy = null;
  }
  await refresh();
}

/**
 * Sends, and asks for the token again for as long as it is wrong.
 * @param {Action} action
 * @param {string} token
 * @param {HTMLButtonElement} button
 */
async function send(action, token, button) {
  say(action, [action.doing], "doing");
  try {
    const headers = headersOf(token);
    const response =
      headers && (await fetch(action.url, { method: "POST", headers, signal: AbortSignal.timeout(70_000) }));
    if (response === undefined || response.status === 401) {
      sessionStorage.removeItem(KEY);
      const another = await askToken("令牌不对，请再核对一遍。");
      if (another === undefined) say(action, ["令牌不对，什么都没有做。"], "bad");
      else await send(action, another, button);
      return;
    }
    const answer = await response.json();
    if (!response.ok) throw new Error(explain(response.status, answer));
    if (token !== "") sessionStorage.setItem(KEY, token);
    const lines = action.tell(answer);
    say(action, lines, lines.some((line) => line.startsWith("✗")) ? "bad" : "done");
  } catch (error) {
    const isOurs = error instanceof Error && error.message.startsWith("没有成功");
    say(action, [isOurs ? error.message : "没有成功：采集程序没有应答，请稍后再试。"], "bad");
  }
}

/**
 * Undefined for what no header can hold, as Chinese: no exporter has such a token.
 * @param {string} token
 */
function headersOf(token) {
  try {
    return new Headers(token === "" ? {} : { Authorization: `Bearer ${token}` });
  } catch {
    return undefined;
  }
}

/**
 * @param {number} status
 * @param {any} answer
 */
function explain(status, answer) {
  const why = {
    403: "浏览器的地址不是这台机器自己的地址。请在监控主机上打开，或者设置 EXPORTER_TOKEN",
    502: "告警转发没有应答，或者不接受。在监控主机上执行 npm start",
  }[status];
  return `没有成功：${why ?? answer?.error ?? `应答 HTTP ${status}`}。`;
}

/**
 * The token, "" where none is needed, undefined where the question was closed.
 * @param {string} problem with the last one
 * @returns {Promise<string | undefined>}
 */
async function askToken(problem) {
  if (document.getElementById("main")?.dataset.needsToken === undefined) return "";
  const kept = sessionStorage.getItem(KEY);
  if (kept !== null) return kept;
  const input = document.getElementById("token");
  const error = document.getElementById("token-error");
  if (!(input instanceof HTMLInputElement) || error === null) return undefined;
  input.value = "";
  error.textContent = problem;
  const isGiven = await isConfirmed("token-dialog");
  const token = input.value.trim();
  input.value = "";
  return isGiven && token !== "" ? token : undefined;
}

/**
 * Shows a dialog and waits for its answer.
 * @param {string} id
 * @returns {Promise<boolean>}
 */
function isConfirmed(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(false);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/**
 * @param {Action} action
 * @param {string[]} lines
 * @param {"doing" | "done" | "bad"} tone
 */
function say(action, lines, tone) {
  const place = document.getElementById(action.result);
  if (place === null) return;
  place.className = `result ${tone}`;
  place.replaceChildren(
    ...lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }),
  );
  place.scrollIntoView({ block: "nearest" });
}
