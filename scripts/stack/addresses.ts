import type { Config } from "../../config/config.ts";
import {
  type Env,
  EnvironmentError,
  optional,
  type PartUrls,
  readPublicUrls,
} from "../../config/environment.ts";
import { isLoopback } from "../../service/http.ts";

export type PartName = keyof PartUrls;

/** How operators know the parts, in the order in which they start. */
export const PART_TITLES: Record<PartName, string> = {
  relay: "告警转发",
  alertmanager: "Alertmanager",
  exporter: "采集程序",
  prometheus: "Prometheus",
  grafana: "Grafana",
};

/** What the operator does without while a part is missing. */
export const WITHOUT: Record<PartName, string> = {
  relay: "没有它，告警发不到企业微信和邮件",
  alertmanager: "没有它，发现了问题也不会通知任何人",
  exporter: "没有它，主机、服务、业务的问题都发现不了",
  prometheus: "没有它就没有监控数据，也没有告警",
  grafana: "没有它就没有仪表盘，监控和告警不受影响",
};

/** What can run of the stack: the parts with an address, and last what makes the daily backups. */
export type ProcessName = PartName | "backup";

export const PROCESS_TITLES: Record<ProcessName, string> = { ...PART_TITLES, backup: "每日备份" };

export type Ports = Record<PartName, number>;

/** @throws {EnvironmentError} also where two parts have the same */
export function readPorts(config: Config, env: Env): Ports {
  const ports = givenPorts(config, env);
  refuseTwice(ports);
  return ports;
}

/** @throws {EnvironmentError} */
export function givenPorts(config: Config, env: Env): Ports {
  const port = (name: string, fallback: number) => {
    const text = optional(env, name) ?? String(fallback);
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65535) {
      throw new EnvironmentError(`环境变量 ${name}：应为 1 到 65535 的整数`);
    }
    return Number(text);
  };
  return {
    exporter: config.metricsPort,
    relay: port("RELAY_PORT", 8002),
    prometheus: port("PROMETHEUS_PORT", 9090),
    alertmanager: port("ALERTMANAGER_PORT", 9093),
    grafana: port("GRAFANA_PORT", 3000),
  };
}

function refuseTwice(ports: Ports): void {
  const users = Object.groupBy(Object.keys(ports) as PartName[], (part) => String(ports[part]));
  for (const [port, parts = []] of Object.entries(users)) {
    if (parts.length > 1) {
      throw new EnvironmentError(
        `端口 ${port} 被分给了 ${parts.map((part) => `${PART_TITLES[part]}（${portSetting(part)}）`).join("和 ")}，各部分的端口必须不同`,
      );
    }
  }
}

/** Where a part is reached from this machine: the exporter may listen on one address only. */
export function partHost(part: PartName, env: Env): string {
  const host = optional(env, "HOST");
  const elsewhere = host !== undefined && host !== "0.0.0.0" && host !== "::" && !isLoopback(host);
  return part === "exporter" && elsewhere ? host : "localhost";
}

/** Where each part is reached on this machine. */
export function localUrls(ports: Ports): PartUrls {
  const url = (part: PartName) => `http://localhost:${ports[part]}`;
  return {
    exporter: url("exporter"),
    relay: url("relay"),
    prometheus: url("prometheus"),
    alertmanager: url("alertmanager"),
    grafana: url("grafana"),
  };
}

/** Addresses for people: what the operator says, else this machine's. */
export function publicUrls(config: Config, env: Env, ports: Ports): Omit<PartUrls, "relay"> {
  const local = localUrls(ports);
  return readPublicUrls(
    {
      PUBLIC_EXPORTER_URL: `http://${partHost("exporter", env)}:${ports.exporter}`,
      PUBLIC_PROMETHEUS_URL: local.prometheus,
      PUBLIC_ALERTMANAGER_URL: local.alertmanager,
      PUBLIC_GRAFANA_URL: local.grafana,
      ...Object.fromEntries(
        Object.entries(env).filter(([name, value]) => name.startsWith("PUBLIC_") && value),
      ),
    },
    config.metricsPort,
  );
}

/** Where the operator sets a part's port. */
export function portSetting(part: PartName): string {
  return part === "exporter" ? "config/config.ini 里的 metrics_port" : `.env 里的 ${part.toUpperCase()}_PORT`;
}
