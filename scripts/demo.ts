import { demonstrate } from "./demo/demonstrate.ts";
import { readOptions, USAGE } from "./demo/options.ts";
import { cli } from "./stack/cli.ts";
import { PROJECT } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";
import { readSettings } from "./stack/settings.ts";

/** npm run demo: a day of the desk with an incident, on the running stack. */
await cli(
  async (signal) => {
    const options = readOptions(process.argv.slice(2));
    if (options === undefined) {
      process.stdout.write(`${USAGE}\n`);
      return;
    }
    process.chdir(PROJECT);
    await demonstrate({ options, settings: readSettings(), report: createReport(process.stdout), signal });
  },
  {
    usage: USAGE,
    words: { first: "正在结束演示，不再发送消息，请稍候", second: "演示已结束，最后写入了多少没有数清" },
  },
);
