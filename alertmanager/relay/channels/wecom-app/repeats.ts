import type { Clock } from "../../../../service/clock.ts";

/**
 * Seconds within which WeCom tells an identical request only once
 * (https://developer.work.weixin.qq.com/document/path/90236). Longer than an attempt whose answer was lost waits for
 * the next, shorter than any repeat_interval of alertmanager.yml: what still fires is to be told again.
 */
const INTERVAL = 1800;

export interface Repeats {
  /** WeCom's own check, as part of the request. */
  check(content: string): { enable_duplicate_check: 0 | 1; duplicate_check_interval?: number };
  /** WeCom has taken it. */
  remember(content: string): void;
}

/**
 * An attempt that is repeated, because its answer was lost, must not be told twice. What WeCom is known to have taken
 * is never repeated, so the same words again are another message: alerts may look alike.
 */
export function createRepeats(clock: Clock): Repeats {
  /** What was taken within the interval, and when. */
  const taken = new Map<string, number>();

  function forget(): void {
    const before = clock.now() - INTERVAL * 1000;
    for (const [content, at] of taken) if (at <= before) taken.delete(content);
  }

  return {
    check(content) {
      forget();
      if (taken.has(content)) return { enable_duplicate_check: 0 };
      return { enable_duplicate_check: 1, duplicate_check_interval: INTERVAL };
    },
    remember: (content) => void taken.set(content, clock.now()),
  };
}
