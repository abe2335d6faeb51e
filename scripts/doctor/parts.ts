import { existsSync } from "node:fs";
import { PART_TITLES, type PartName, WITHOUT } from "../stack/addresses.ts";
import { NoAnswerError } from "../stack/ask.ts";
import { memoryFile } from "../stack/compose-cli.ts";
import { databaseTrouble } from "../stack/database-trouble.ts";
import {
  isUnknown,
  logCommand,
  PARTS,
  readyPath,
  type StackView,
  stateOf,
  tellStopped,
} from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem } from "./check.ts";

/** That every part runs and is ready. */
export const partsCheck: Check = {
  name: "parts",
  title: "各部分",
  question: "starting",
  async run(view): Promise<Finding[]> {
    if (view.runtime.kind === "stopped")
      return [explainStopped(view), ...PARTS.flatMap((part) => databaseFinding(view, part) ?? [])];
    return Promise.all(
      PARTS.map(async (part) => {
        const found = await checkPart(view, part);
        return found.level === "ok" ? found : (databaseFinding(view, part) ?? found);
      }),
    );
  },
};

function explainStopped({ runtime, project }: StackView): Finding {
  const what = tellStopped(runtime);
  if (isUnknown(runtime)) {
    return problem(
      what,
      "可能没有采集，也没有告警",
      "看机器是否过忙：uptime；docker ps 也没有应答就重启 Docker",
    );
  }
  // Containers come back with the engine; npm start would begin anew without it, and without their data.
  const ranInDocker =
    runtime.kind === "stopped" && runtime.reason !== undefined && existsSync(memoryFile(project));
  if (ranInDocker) {
    return problem(
      "Docker 没有在运行，监控系统在它里面",
      "没有采集，也没有告警",
      "systemctl start docker，各部分会自己起来；先不要 npm start，它会改用本机方式，看不到原来的数据",
    );
  }
  return problem(what, "没有采集，也没有告警", "npm start");
}

/** What keeps a part from its work, where it is that; a container's is not to be seen from here. */
function databaseFinding({ runtime, paths }: StackView, part: PartName): Finding | undefined {
  const trouble = runtime.kind === "compose" ? undefined : databaseTrouble(part, paths);
  return trouble && problem(trouble.what, `${PART_TITLES[part]} 启动不了，或者在拒收`, trouble.remedy);
}

async function checkPart(view: StackView, part: PartName): Promise<Finding> {
  const state = stateOf(view, part);
  const title = PART_TITLES[part];
  const log = logCommand(view, part);
  if (state === undefined) {
    const tell = part === "grafana" ? hint : problem;
    return tell(`${title} 没有启动`, WITHOUT[part], "npm start，会说明原因和办法");
  }
  if (!state.isRunning) return problem(`${title} 意外停了`, WITHOUT[part], `npm start；原因看 ${log}`);
  const again = view.runtime.kind === "compose" ? `docker compose restart ${part}` : "npm stop 再 npm start";
  try {
    const { status } = await view.ask(part, readyPath(part));
    if (status < 300 && state.isHealthy) return ok(`${title} 正常`);
    if (part === "relay" && status === 503) {
      return problem(`${title} 写不了硬盘，在拒收告警`, WITHOUT.relay, "df -h . 看空间，腾出来就会自动恢复");
    }
    if (part === "exporter" && status === 503) {
      return problem(
        `${title} 在拒收业务事件（HTTP 503）`,
        "主机和服务照常监控，业务的数字不动了",
        `刚启动就等一分钟；不行看 ${log}`,
      );
    }
    const why = status < 300 ? "容器的健康检查没有通过" : `HTTP ${status}`;
    return problem(`${title} 还没有就绪（${why}）`, WITHOUT[part], `刚启动就等一分钟；不行看 ${log}`);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return problem(`${title} 在运行，但没有应答`, WITHOUT[part], `${again}；原因看 ${log}`);
  }
}
