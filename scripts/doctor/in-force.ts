import { EnvironmentError } from "../../config/environment.ts";
import { PART_TITLES } from "../stack/addresses.ts";
import type { Expected } from "../stack/expected.ts";
import { alertmanagerProblem, loadedProblem, valuesProblem } from "../stack/live.ts";
import { StackError } from "../stack/project.ts";
import { RELOADED, type ReloadedServer } from "../stack/reload.ts";
import { readyPath, type StackView, stateOf, tellStopped } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unchecked, unlessSettling } from "./check.ts";
import { type Plan, planApply } from "./plan.ts";

/** That the files and what runs are the same: thresholds, routes, targets, settings. */
export const inForceCheck: Check = {
  name: "in-force",
  title: "配置是否生效",
  question: "measuring",
  async run(view): Promise<Finding[]> {
    if (view.runtime.kind === "stopped") return [unchecked("配置是否生效", tellStopped(view.runtime))];
    if (view.refused) return [unchecked("配置是否生效", "设置有错，先改好")];
    try {
      // At the same time: one that hangs would use up what time there is.
      const [plan, answering] = await Promise.all([planApply(view), answeringServers(view)]);
      return plan ? judge(view, plan, answering) : [];
    } catch (error) {
      if (!(error instanceof StackError || error instanceof EnvironmentError)) throw error;
      return [
        problem(
          `现在的文件启动不了：${error.message}`,
          "在运行的还用着原来的；npm run apply 会拒绝，重启会失败",
          "照上面说的改好，再执行 npm run apply",
        ),
      ];
    }
  },
};

async function judge(
  view: StackView,
  { changes, expected }: Plan,
  answering: ReloadedServer[],
): Promise<Finding[]> {
  if (changes.length > 0) {
    return [problem(`改了没有生效：${changes.join("；")}`, "在运行的还用着原来的", "npm run apply")];
  }
  return unlessSettling(
    view,
    await Promise.all(
      RELOADED.map((server) =>
        answering.includes(server)
          ? judgeServer(view, server, expected)
          : unchecked(`${PART_TITLES[server]} 用的配置`, `${PART_TITLES[server]} 没有应答`),
      ),
    ),
  );
}

async function judgeServer(view: StackView, server: ReloadedServer, expected: Expected): Promise<Finding> {
  const title = PART_TITLES[server];
  const url = view.ask.url(server) ?? "";
  const found =
    server === "alertmanager"
      ? await alertmanagerProblem(url, expected)
      : ((await loadedProblem(url, expected.prometheus)) ?? (await valuesProblem(url, expected.prometheus)));
  if (found === undefined) return ok(`${title} 用的就是现在的配置`);
  return problem(`${title} 用的不是现在的配置：${found}`, "阈值、规则或通知方式可能是旧的", "npm run apply");
}

async function answeringServers(view: StackView): Promise<ReloadedServer[]> {
  const answers = await Promise.all(
    RELOADED.map(
      (server) => stateOf(view, server)?.isRunning && view.ask.url(server) && isReady(view, server),
    ),
  );
  return RELOADED.filter((_, index) => answers[index]);
}

function isReady({ ask }: StackView, server: ReloadedServer): Promise<boolean> {
  return ask(server, readyPath(server)).then(
    ({ status }) => status < 300,
    () => false,
  );
}
