import { type Html, html } from "../../../service/html.ts";
import type { Service } from "../../overview/host.ts";
import type { Overview } from "../../overview/overview.ts";
import { number, threshold } from "../format.ts";
import { badge, type Tone } from "./badge.ts";

/** The four values of host and services against their thresholds, and each service. */
export function hostSection({ host, collecting, judgement }: Overview): Html {
  const limit = (alert: string) => (judgement.known ? judgement.value.thresholds.get(alert) : undefined);
  const [fullest, ...disks] = host.disks;
  // How long one takes that does not work says nothing.
  const [slowest] = host.services
    .filter(({ up }) => up)
    .sort((one, other) => (other.responseTime ?? 0) - (one.responseTime ?? 0));
  const missing = collecting ? "还没有测到" : "监控已停止";
  return html`
<section aria-labelledby="host">
  <h2 id="host">主机与服务</h2>
  <div class="tiles">
    ${tile({ name: "CPU", value: host.cpu, unit: "%", limit: limit("HighCpuUsage"), note: "", missing })}
    ${tile({ name: "内存", value: host.memory, unit: "%", limit: limit("HighMemoryUsage"), note: "", missing })}
    ${tile({
      name: fullest ? `磁盘 ${fullest.mountpoint}` : "磁盘",
      value: fullest?.usage ?? null,
      unit: "%",
      limit: limit("HighDiskUsage"),
      note:
        disks.length > 0
          ? `最满的一个；另有 ${disks
              .slice(0, 3)
              .map(({ mountpoint, usage }) => `${mountpoint} ${number(usage)}%`)
              .join("、")}${disks.length > 3 ? " 等" : ""}`
          : "",
      missing,
    })}
    ${tile({
      name: "响应时间",
      value: slowest?.responseTime ?? null,
      unit: "秒",
      limit: limit("SlowServiceResponse"),
      note: slowest && host.services.length > 1 ? `最慢的：${slowest.name}` : "",
      missing: !collecting ? missing : host.services.length === 0 ? "没有要探测的服务" : "没有能访问的服务",
    })}
  </div>
  ${services(host.services, collecting, limit("SlowServiceResponse"))}
</section>`;
}

interface Tile {
  name: string;
  value: number | null;
  unit: "%" | "秒";
  limit: number | undefined;
  note: string;
  /** Why there is no value. */
  missing: string;
}

function tile({ name, value, unit, limit, note, missing }: Tile): Html {
  const [tone, word] = judge(value, limit);
  const line =
    limit === undefined ? "阈值未知" : `阈值 ${threshold(limit)}${unit === "%" ? "%" : ` ${unit}`}`;
  return html`
<article class="tile ${tone}">
  <h3>${name} ${badge(tone, word)}</h3>
  <p class="value">${value === null ? "—" : number(value, unit === "%" ? 1 : value < 1 ? 3 : 2)}${value !== null && html`<small>${unit}</small>`}</p>
  ${unit === "%" && meter(value ?? 0, limit)}
  <p class="quiet">${value === null ? missing : line}${value !== null && note !== "" && `；${note}`}</p>
</article>`;
}

function judge(value: number | null, limit: number | undefined): [Tone, string] {
  if (value === null) return ["unknown", "未知"];
  if (limit === undefined) return ["unknown", "无法判断"];
  return value > limit ? ["warning", "超过阈值"] : ["good", "正常"];
}

/** Drawn by attributes: the page's policy allows no inline style. The text beside it says the same. */
function meter(value: number, limit: number | undefined): Html {
  return html`<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="6"/><rect class="fill" width="${Math.min(100, Math.max(0, value)).toFixed(1)}" height="6"/>
    ${limit !== undefined && html`<rect class="limit" x="${Math.min(99.4, limit)}" width="0.6" height="6"/>`}
  </svg>`;
}

/** Characters of a name that go into its column. */
const LONG = 24;

function services(all: Service[], collecting: boolean, limit: number | undefined): Html {
  if (all.length === 0) {
    return html`<p class="quiet">${
      collecting
        ? "没有要探测的服务，或者还没有探测完。在 config/config.ini 的 [services] 里填写，例如 wecom_legal_service = http://localhost:8000/health，再执行 npm run apply。"
        : "监控已停止，各服务的状态未知。"
    }</p>`;
  }
  return html`
<ul class="rows" aria-label="服务">${all.map(({ name, up, responseTime }) => {
    const isSlow = responseTime !== null && limit !== undefined && responseTime > limit;
    return html`
  <li ${name.length > LONG && html`class="long"`}><span class="name">${name}</span>
    ${up ? (isSlow ? badge("warning", "缓慢") : badge("good", "正常")) : badge("critical", "无法访问")}
    <span class="quiet">${up ? `响应 ${number(responseTime, 3)} 秒` : "没有应答，或者应答不是 2xx、3xx"}</span></li>`;
  })}
</ul>`;
}
