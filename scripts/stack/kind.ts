import { isService } from "../service/names.ts";
import { findEngine } from "./compose.ts";
import { activeProcesses } from "./processes.ts";
import { StackError, type StatePaths } from "./project.ts";

export type StackKind = "native" | "docker";

/** What the operator asks for by --native or --docker. */
export interface Force {
  native?: boolean | undefined;
  docker?: boolean | undefined;
}

/** `reason`: why not with Docker, where that was looked at. */
export type ChosenKind = { kind: "docker"; version: string } | { kind: "native"; reason?: string };

/**
 * How the stack of a checkout runs, or would: natively what runs natively or is a service, also when an engine has
 * turned up since; else with Docker, where there is an engine.
 * @throws {StackError} when it is asked for one that cannot be had
 */
export async function chooseKind(force: Force, paths: StatePaths): Promise<ChosenKind> {
  if (force.native && force.docker) throw new StackError("--native 和 --docker 只能选一个");
  if (isService(paths.root)) {
    if (force.docker) throw new StackError("监控已安装成系统服务，请先执行 npm run uninstall-service");
    return { kind: "native" };
  }
  if (activeProcesses(paths).length > 0) {
    if (force.docker) throw new StackError("监控系统已在本机方式下运行，请先执行 npm stop");
    return { kind: "native" };
  }
  if (force.native) return { kind: "native" };
  const engine = await findEngine();
  if ("version" in engine) return { kind: "docker", version: engine.version };
  if (force.docker) throw new StackError(engine.reason);
  return { kind: "native", reason: engine.reason };
}
