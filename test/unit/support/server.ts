import type { RequestListener } from "node:http";
import type { TestContext } from "node:test";
import { serve } from "../../../service/http.ts";

/** Serves on a free port of loopback until the test ends. @returns the address */
export async function listen(t: TestContext, handler: RequestListener): Promise<string> {
  const server = await serve(handler, "127.0.0.1", 0);
  t.after(() => server.close());
  return server.url;
}
