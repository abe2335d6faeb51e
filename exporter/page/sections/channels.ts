import { type Html, html } from "../../../service/html.ts";
import type { Overview } from "../../overview/overview.ts";
import type { Channel } from "../../overview/relay.ts";
import { channelWords, reasonWords } from "../../words.ts";
import type { Format } from "../format.ts";
import { badge } from "./badge.ts";

/** Whom alerts reach, and how that went last. */
export function channelsSection({ telling }: Overview, format: Format): Html {
  return html`
<section aria-labelledby="channels">
  <h2 id="channels">告警渠道</h2>
  ${
    telling.known
      ? html`${!telling.value.alertEnabled && html`<p>${badge("warning", "已关闭")} 告警只记录，不发送（config.ini 里 alert_enabled = false）。</p>`}
  <ul class="rows">${telling.value.channels.map((channel) => row(channel, format))}</ul>`
      : html`<p>${badge("unknown", "未知")} 告警转发没有应答。</p>`
  }
  <p><button type="button" data-action="test">发送测试消息</button> <span class="quiet">经过上面每个设置好的渠道各发一条，几秒后给出结果。</span></p>
  <noscript><p>按钮需要 JavaScript。没有的话，用使用指南第 7.6 节的命令。</p></noscript>
  <div id="test-result" role="status" data-keep></div>
</section>`;
}

function row(channel: Channel, format: Format): Html {
  const { title, setUp } = channelWords(channel.name);
  const name = html`<span class="name">${title}</span>`;
  if (!channel.setUp) {
    return html`<li>${name} ${badge("unknown", "没有设置")} <span class="quiet">在 .env 里填写 ${setUp}，再执行 npm run apply</span></li>`;
  }
  if (!channel.enabled) {
    return html`<li>${name} ${badge("unknown", "没有启用")} <span class="quiet">config.ini 的 alert_notification_channels 里没有它</span></li>`;
  }
  return html`<li>${name} ${state(channel)} <span class="quiet">${facts(channel, format).join("；")}</span></li>`;
}

function state({ failing, pending, sent }: Channel): Html {
  if (failing) return badge("critical", "没有送达");
  if (pending > 0) return badge("notice", "在排队");
  return sent === null ? badge("unknown", "还没有用过") : badge("good", "正常");
}

function facts({ sent, failed, failing, pending, pendingSince }: Channel, format: Format): string[] {
  const last = failed && `${format.moment(failed.at)} 没有送达：${reasonWords(failed.reason).what}`;
  const detail = failed?.detail ? `（${failed.detail}）` : "";
  return [
    pending > 0 &&
      pendingSince !== null &&
      `${pending} 条在排队，最早的 ${format.moment(pendingSince)} 开始等`,
    sent === null ? "还没有成功发过告警，请发一条测试消息" : `最近一次成功 ${format.moment(sent.at)}`,
    last && `${failing ? "最近一次" : "以前"} ${last}${detail}`,
  ].filter((fact) => typeof fact === "string");
}
