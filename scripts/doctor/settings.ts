import { existsSync } from "node:fs";
import { ConfigError } from "../../config/config-error.ts";
import { findConfigFile } from "../stack/settings.ts";
import { type Check, type Finding, ok, problem } from "./check.ts";

const PUT_BACK = "把它放回去（没有备份就 git checkout config/config.ini）";

/** config.ini and .env, as npm start reads them. */
export const settingsCheck: Check = {
  name: "settings",
  title: "设置",
  question: "starting",
  async run({ refused, runtime }): Promise<Finding[]> {
    if (refused === undefined) return [ok("config.ini 和 .env 都看得懂")];
    const isRunning = runtime.kind !== "stopped";
    const why = isRunning ? "改动不会生效，重启会失败；在运行的还用着原来的" : "npm start 会拒绝启动";
    const command = isRunning ? "npm run apply" : "npm start";
    if (!(refused instanceof ConfigError)) {
      // A port may be of either file.
      const place = refused.message.includes("config.ini") ? "其中一项" : " .env 里的这一项";
      return [problem(refused.message, why, `改${place}，再执行 ${command}`)];
    }
    const file = findConfigFile();
    if (!existsSync(file)) return [problem(refused.message, why, `${PUT_BACK}，再执行 ${command}`)];
    return refused.message
      .split("\n")
      .map((line) => problem(line, why, `改 ${line.split(/[\s：]/, 1)}，再执行 ${command}`));
  },
};
