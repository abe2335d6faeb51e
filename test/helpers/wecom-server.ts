import { serve } from "../../service/http.ts";

/** A message that the server took. */
export interface WecomMessage {
  key: string;
  msgtype: string;
  content: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface WecomServer {
  url: string;
  keys: string[];
  messages: WecomMessage[];
  /** The codes of refused requests, in order. */
  refusals: number[];
  close(): Promise<void>;
}

const LIMIT = 20;
const SPAN = 60_000;
/** Bytes of UTF-8. */
const BYTES: Record<string, number> = { text: 2048, markdown: 4096, markdown_v2: 4096 };

/** WeCom's group-robot API with the limits of the real one: errors come as HTTP 200 with an errcode. @param port 0 for a free one */
export async function startWecomServer(keys: string[], port = 0, host = "127.0.0.1"): Promise<WecomServer> {
  const messages: WecomMessage[] = [];
  const refusals: number[] = [];

  function judge(key: string, body: string): { errcode: number; errmsg: string } {
    const now = Date.now();
    if (!keys.includes(key)) return { errcode: 93000, errmsg: "invalid webhook url" };
    const { msgtype, content } = parse(body);
    const limit = BYTES[msgtype];
    if (limit === undefined) return { errcode: 40008, errmsg: "invalid message type" };
    if (content === "") return { errcode: 44004, errmsg: "empty content" };
    if (Buffer.byteLength(content) > limit)
      return { errcode: 40058, errmsg: `${msgtype} exceeds ${limit} bytes` };
    const recent = messages.filter((message) => message.key === key && message.at > now - SPAN);
    if (recent.length >= LIMIT) return { errcode: 45009, errmsg: "api freq out of limit" };
    messages.push({ key, msgtype, content, at: now });
    return { errcode: 0, errmsg: "ok" };
  }

  const server = await serve(
    async (request, response) => {
      const url = new URL(request.url ?? "", "http://localhost");
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const known = request.method === "POST" && url.pathname === "/cgi-bin/webhook/send";
      const answer = known
        ? judge(url.searchParams.get("key") ?? "", Buffer.concat(chunks).toString())
        : { errcode: 404, errmsg: "no such api" };
      if (answer.errcode !== 0) refusals.push(answer.errcode);
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(answer));
    },
    host,
    port,
  );
  return { url: server.url, keys, messages, refusals, close: server.close };
}

function parse(body: string): { msgtype: string; content: string } {
  try {
    const message = JSON.parse(body);
    return { msgtype: String(message.msgtype), content: String(message[message.msgtype]?.content ?? "") };
  } catch {
    return { msgtype: "", content: "" };
  }
}
