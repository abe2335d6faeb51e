import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok } from "./check.ts";

/** In containers or natively. */
export const runtimeCheck: Check = {
  name: "runtime",
  title: "运行方式",
  question: "starting",
  run: async (view) => [describeRuntime(view)],
};

function describeRuntime({ runtime }: StackView): Finding {
  if (runtime.kind === "native") return ok("以本机方式运行");
  if (runtime.kind === "compose") return ok(`用 Docker ${runtime.version} 运行`);
  if (runtime.reason === "没有安装 Docker") return ok("没有 Docker，会以本机方式运行");
  if (runtime.reason === undefined) return ok("Docker 可以用，npm start 会用它");
  return hint(
    `用不了 Docker（${runtime.reason.split("（", 1)}）`,
    "npm start 会改用本机方式，原来在 Docker 里的数据不会带过来",
    "原来就是本机方式的不用管；否则先让 Docker 恢复：systemctl start docker",
  );
}
