import { PART_TITLES, type PartName, portSetting } from "../stack/addresses.ts";
import { findTakenPorts } from "../stack/ports.ts";
import { PARTS, type StackView, stateOf } from "../stack/view.ts";
import { type Check, type Finding, ok, problem } from "./check.ts";

/** That nobody else listens where the stack would. */
export const portsCheck: Check = {
  name: "ports",
  title: "端口",
  question: "starting",
  async run(view): Promise<Finding[]> {
    const taken = await findTakenPorts(
      PARTS.filter((part) => !isOurs(view, part)),
      view.ports,
    );
    if (taken.length === 0) return [ok("要用的端口都没有被别人占用")];
    return taken.map(({ part, port, owner }) =>
      problem(
        `端口 ${port} 被别的程序占用：${owner}`,
        `${PART_TITLES[part]} 要用它，现在启动不了`,
        `停掉那个程序，或者换端口（${portSetting(part)}），再执行 npm start`,
      ),
    );
  },
};

/** Its part listens there; one that is not published needs no port of this machine. */
function isOurs(view: StackView, part: PartName): boolean {
  const state = stateOf(view, part);
  if (view.runtime.kind === "compose" && part === "relay") return true;
  return state?.isRunning === true && URL.parse(state.url ?? "")?.port === String(view.ports[part]);
}
