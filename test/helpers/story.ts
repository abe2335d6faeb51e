import assert from "node:assert/strict";
import { accelerate } from "./accelerate.ts";
import { createTestStack, type TestStack } from "./stack.ts";
import { startWecomServer, type WecomServer } from "./wecom-server.ts";

/** Rules and routes as committed, with their times thirty times shorter: 5 minutes are 10 seconds. */
export const FACTOR = 30;

/** A running stack whose time passes faster, and the WeCom server that it tells. */
export interface Story {
  stack: TestStack;
  /** A story may put another in its place. */
  wecom: WecomServer;
  end(): Promise<void>;
}

/** Three robots: what happens in an hour is told in two minutes, and the minute of WeCom is as long as ever. */
const KEYS = ["robot-one-for-tests", "robot-two-for-tests", "robot-three-for-tests"];

/** The machine that runs the tests may be as busy and as full as it likes. */
function quiet(text: string): string {
  return text.replaceAll(/^(alert_threshold_(?:cpu|memory|disk)) = \d+/gm, "$1 = 100");
}

/**
 * @param settings more lines for .env
 * @param configure turns the text of config.ini into the one to use
 * @param factor less where parts end and start in the story, which takes them as long as ever
 */
export async function startStory(
  settings: Record<string, string> = {},
  configure: (text: string) => string = (text) => text,
  factor = FACTOR,
): Promise<Story> {
  const wecom = await startWecomServer([...KEYS]);
  const stack = await createTestStack({
    WECOM_ROBOT_KEY: KEYS.join(),
    WECOM_API_BASE: wecom.url,
    ...settings,
  });
  const story = {
    stack,
    wecom,
    async end() {
      await stack.remove();
      await story.wecom.close();
    },
  };
  stack.configure((text) => configure(quiet(text)));
  accelerate(stack.folder, factor);
  const { code, output } = await stack.up();
  if (code !== 0) await story.end();
  assert.equal(code, 0, output);
  return story;
}
