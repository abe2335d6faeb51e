import { serve } from "../../service/http.ts";

/** WeCom's application API as Alertmanager's own receiver uses it, with the limit of a group robot. */
export interface WecomApplication {
  url: string;
  /** The texts it took. */
  texts: string[];
  refusals: number;
  close(): Promise<void>;
}

const LIMIT = 20;
const SPAN = 60_000;
/** Bytes of UTF-8. */
const TEXT_BYTES = 2048;

export async function startWecomApplication(): Promise<WecomApplication> {
  const taken: { text: string; at: number }[] = [];
  let refusals = 0;

  function judge(body: string): object {
    const content = String(JSON.parse(body).text?.content ?? "");
    const now = Date.now();
    if (taken.filter(({ at }) => at > now - SPAN).length >= LIMIT) {
      refusals += 1;
      return { errcode: 45009, errmsg: "api freq out of limit" };
    }
    // What is longer is cut (https://developer.work.weixin.qq.com/document/path/90236).
    taken.push({ text: Buffer.from(content).subarray(0, TEXT_BYTES).toString(), at: now });
    return { errcode: 0, errmsg: "ok" };
  }

  const server = await serve(
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const isToken = request.url?.startsWith("/cgi-bin/gettoken");
      const answer = isToken
        ? { errcode: 0, errmsg: "ok", access_token: "token", expires_in: 7200 }
        : judge(Buffer.concat(chunks).toString());
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(answer));
    },
    "127.0.0.1",
    0,
  );
  return {
    url: server.url,
    get texts() {
      return taken.map(({ text }) => text);
    },
    get refusals() {
      return refusals;
    },
    close: server.close,
  };
}
