/** Those who wait until a count is reached. */
export interface Waiters {
  /** @returns whether it was reached within so many milliseconds */
  wait(goal: number, timeout: number): Promise<boolean>;
  /** The count is now this. */
  reached(count: number): void;
}

export function createWaiters(): Waiters {
  const waiting = new Set<{ goal: number; end: (reached: boolean) => void }>();
  return {
    wait: (goal, timeout) =>
      new Promise((resolve) => {
        // Not unref'ed: the host waits for it, and would end without an answer.
        const limit = setTimeout(() => waiter.end(false), timeout);
        const waiter = {
          goal,
          end(reached: boolean): void {
            clearTimeout(limit);
            waiting.delete(waiter);
            resolve(reached);
          },
        };
        waiting.add(waiter);
      }),
    reached(count) {
      for (const waiter of waiting) if (count >= waiter.goal) waiter.end(true);
    },
  };
}
