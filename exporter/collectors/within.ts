/** @returns undefined where it takes longer @param limit in milliseconds */
export async function within<T>(promise: Promise<T>, limit: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), limit);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
