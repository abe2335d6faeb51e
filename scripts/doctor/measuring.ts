import { type Check, type Finding, hint, ok, problem } from "./check.ts";

/** Whether anything is measured at all. */
export const measuringCheck: Check = {
  name: "monitoring-enabled",
  title: "采集开关",
  question: "measuring",
  async run({ settings: { config }, ask }): Promise<Finding[]> {
    const status = await ask.json<{ monitoring_enabled: boolean }>("exporter", "/api/status");
    if (status.monitoring_enabled) return [ok("正在采集")];
    if (!config.enabled) {
      return [
        hint(
          "采集关着：config.ini 里 enabled = false",
          "主机和服务的数字不会变，也不会告警",
          "改成 enabled = true，再执行 npm run apply",
        ),
      ];
    }
    return [
      problem(
        "采集被暂停了",
        "主机和服务的数字不会变，也不会告警",
        "在管理页面点“启动监控”，或者 npm stop 再 npm start",
      ),
    ];
  },
};
