import type { Config } from "../config/config.ts";
import type { PartUrls } from "../config/environment.ts";
import { escapeHtml } from "../service/html.ts";

/** The management page: where everything is. */
export function managementPage(config: Config, urls: Omit<PartUrls, "relay">): string {
  const links: [string, string, string][] = [
    [urls.grafana, "Grafana", "监控仪表盘"],
    [urls.prometheus, "Prometheus", "监控数据与告警规则"],
    [urls.alertmanager, "Alertmanager", "正在发生的告警、静默"],
    ["/api/status", "系统状态", "当前的 CPU、内存、磁盘与响应时间"],
    ["/api/alerts", "告警历史", "最近的告警与通知情况"],
    ["/api/dashboard?duration=24", "24 小时数据", "主要指标的历史"],
    ["/metrics", "全部指标", `Prometheus 格式，端口 ${config.metricsPort}`],
  ];
  const rows = links.map(
    ([url, name, text]) =>
      `<li><a href="${escapeHtml(url)}">${escapeHtml(name)}</a>：${escapeHtml(text)}</li>`,
  );
  return `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>系统监控管理</title>
<h1>系统监控管理</h1>
<ul>
${rows.join("\n")}
</ul>
</html>
`;
}
