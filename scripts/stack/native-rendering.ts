import { join } from "node:path";
import { readSecret } from "../../config/environment.ts";
import { type PartName, type Ports, partHost, publicUrls } from "./addresses.ts";
import { CHECKS, findings } from "./checks.ts";
import { fallbackMail } from "./fallback-mail.ts";
import type { NativeOptions } from "./native.ts";
import { StackError } from "./project.ts";
import type { ServerName } from "./releases.ts";
import { type Rendering, render } from "./render.ts";
import type { Report } from "./report.ts";
import { run } from "./run.ts";
import type { Server } from "./servers.ts";
import { mailPasswordFile, relayTokenFile } from "./starting.ts";

type Servers = Partial<Record<ServerName, Server>>;

/** A rendering for the parts of a native stack; a server that is not to be had is not scraped. */
export function renderNative(
  { project, paths, config, configText, env }: NativeOptions,
  ports: Ports,
  servers: Servers,
): Rendering {
  const address = (part: PartName) => `${partHost(part, env)}:${ports[part]}`;
  return render({
    project,
    out: paths.config,
    config,
    configText,
    addresses: {
      exporter: address("exporter"),
      relay: address("relay"),
      prometheus: address("prometheus"),
      alertmanager: address("alertmanager"),
      grafana: servers.grafana && address("grafana"),
    },
    publicUrls: publicUrls(config, env, ports),
    relayTokenFile: readSecret(env, "RELAY_TOKEN") === undefined ? undefined : relayTokenFile(paths),
    fallbackMail: fallbackMail(config, env, mailPasswordFile(paths)),
  });
}

/**
 * By the servers' own tools, before anybody reads it.
 * @throws {StackError} with what they say
 */
export async function checkRendering({ folder }: Rendering, servers: Servers, report: Report): Promise<void> {
  const step = report.begin("检查配置");
  for (const [server, tool, ...args] of CHECKS) {
    const program = servers[server]?.tool;
    if (program === undefined) continue;
    const words = args.map((arg) => (arg.includes("/") ? join(folder, arg) : arg));
    await run(program, words).catch((error: Error) => {
      step.fail("没有通过");
      throw new StackError(`${tool} 不接受这份配置：\n${findings(error, folder)}`);
    });
  }
  step.done("config.ini、规则、告警路由都没有问题");
}
