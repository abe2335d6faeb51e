import { type Html, html } from "../../../service/html.ts";
import { badge } from "./badge.ts";

/** Starts and stops measuring. */
export function controlsSection(collecting: boolean): Html {
  return html`
<section aria-labelledby="controls">
  <h2 id="controls">启动与停止监控</h2>
  <p>${
    collecting
      ? html`${badge("good", "运行中")} 正在测量主机和服务。`
      : html`${badge("warning", "已停止")} 主机和服务没有在测量，它们出了问题不会告警。`
  }</p>
  <p>${
    collecting
      ? html`<button type="button" id="control" class="danger" data-action="stop">停止监控</button>`
      : html`<button type="button" id="control" data-action="start">启动监控</button>`
  }</p>
  <div id="control-result" role="status" data-keep></div>
  <noscript><p>按钮需要 JavaScript。没有的话，用使用指南第 9.2 节的命令。</p></noscript>
</section>`;
}

/** Asked before a stop, and for the token; shown by browser/actions.js. Enter presses the first button of a form. */
export function dialogs(): Html {
  return html`
<dialog id="stop-dialog" aria-labelledby="stop-title">
  <form method="dialog">
    <h2 id="stop-title">停止监控？</h2>
    <p>停止以后，<strong>主机和服务出了问题不会告警</strong>，正在响的不再提醒，也不会发“已恢复”。业务事件照常统计。</p>
    <p>2 分钟后会收到“监控已停止”的提醒。用完请马上启动。</p>
    <div class="buttons">
      <button type="submit" value="no" class="other" autofocus>不停止</button>
      <button type="submit" value="yes" class="danger">停止监控</button>
    </div>
  </form>
</dialog>
<dialog id="token-dialog" aria-labelledby="token-title">
  <form method="dialog">
    <h2 id="token-title">请输入令牌</h2>
    <p id="token-error" class="error" role="alert"></p>
    <p>就是监控主机上 .env 里的 EXPORTER_TOKEN。用 <code>docker compose up</code> 启动的，执行
      <code>docker compose exec exporter cat /secrets/exporter_token</code> 查看。</p>
    <label for="token">令牌</label>
    <input id="token" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" required>
    <p class="quiet">只在这个标签页里记住，关掉就忘记。</p>
    <div class="buttons">
      <button type="submit" value="yes">确定</button>
      <button type="submit" value="no" class="other" formnovalidate>取消</button>
    </div>
  </form>
</dialog>`;
}
