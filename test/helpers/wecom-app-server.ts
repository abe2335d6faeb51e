import { serve } from "../../service/http.ts";

/** What a member of the company has on their screen. */
export interface Delivered {
  to: string;
  content: string;
}

/** A request for message/send as it came. */
export interface AppRequest {
  touser: string;
  msgtype: string;
  agentid: number;
  markdown?: { content: string };
  enable_duplicate_check?: number;
  duplicate_check_interval?: number;
}

type Answer = { errcode: number } & Record<string, unknown>;

/** WeCom's application API on loopback. */
export interface WecomAppServer {
  url: string;
  delivered: Delivered[];
  requests: AppRequest[];
  /** How often a token was asked for. */
  tokensAsked: number;
  /** Every token it gave out. */
  tokens: string[];
  /** Of a token, in seconds. */
  expiresIn: number;
  /** The next answers of message/send, instead of its own judgement: a code, or all of it. */
  answers: (number | Answer)[];
  /** The next answers of gettoken. */
  tokenAnswers: (number | Answer)[];
  /** Takes the current token back, as WeCom may. */
  revoke(): void;
  close(): Promise<void>;
}

const MEMBERS = ["zhangsan", "lisi"];
/** Per member and minute; the excess is dropped and the answer says ok. */
const MEMBER_LIMIT = 30;
/** Bytes of UTF-8. */
const MARKDOWN_LIMIT = 2048;

export const APP = { corpId: "ww0123456789abcdef", agentId: 1000002, secret: "app-secret-for-tests" };

/**
 * The application API with the limits of the real one: tokens that expire, identical requests that are told once.
 * @param now milliseconds since the epoch
 */
export async function startWecomAppServer(now: () => number = Date.now, port = 0): Promise<WecomAppServer> {
  let expires = Number.NEGATIVE_INFINITY;
  /** When each request that is to be told once was told, and to whom what was. */
  const seen = new Map<string, number>();
  const times = new Map<string, number[]>();

  function grant(query: URLSearchParams): Answer {
    state.tokensAsked += 1;
    const scripted = state.tokenAnswers.shift();
    if (scripted !== undefined) return asAnswer(scripted);
    if (query.get("corpid") !== APP.corpId) return { errcode: 40013 };
    if (query.get("corpsecret") !== APP.secret) return { errcode: 40001 };
    const token = `token-${state.tokens.length + 1}-for-tests`;
    state.tokens.push(token);
    expires = now() + state.expiresIn * 1000;
    return { errcode: 0, access_token: token, expires_in: state.expiresIn };
  }

  function send(token: string | null, message: AppRequest): Answer {
    state.requests.push(message);
    const scripted = state.answers.shift();
    if (scripted !== undefined) return asAnswer(scripted);
    if (!token) return { errcode: 41001 };
    if (token !== state.tokens.at(-1)) return { errcode: 40014 };
    if (now() >= expires) return { errcode: 42001 };
    return tell(message);
  }

  function tell(message: AppRequest): Answer {
    const content = message.markdown?.content ?? "";
    if (message.agentid !== APP.agentId) return { errcode: 40056 };
    if (message.msgtype !== "markdown") return { errcode: 40008 };
    if (content === "") return { errcode: 44004 };
    if (Buffer.byteLength(content) > MARKDOWN_LIMIT) return { errcode: 45002 };
    const asked = message.touser === "@all" ? MEMBERS : message.touser.split("|");
    const known = asked.filter((user) => MEMBERS.includes(user));
    if (known.length === 0) return { errcode: 81013 };
    const request = JSON.stringify([message.touser, content]);
    const isRepeat = now() - (seen.get(request) ?? Number.NEGATIVE_INFINITY) < interval(message);
    if (!isRepeat) for (const to of known) deliver(to, content);
    seen.set(request, now());
    return { errcode: 0, invaliduser: asked.filter((user) => !known.includes(user)).join("|") };
  }

  function deliver(to: string, content: string): void {
    const recent = (times.get(to) ?? []).filter((at) => at > now() - 60_000);
    if (recent.length < MEMBER_LIMIT) state.delivered.push({ to, content });
    times.set(to, [...recent, now()]);
  }

  const server = await serve(
    async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const call = `${request.method} ${pathname}`;
      let answer: Answer = { errcode: 404 };
      if (call === "GET /cgi-bin/gettoken") answer = grant(searchParams);
      if (call === "POST /cgi-bin/message/send") {
        answer = send(searchParams.get("access_token"), JSON.parse(Buffer.concat(chunks).toString()));
      }
      response.end(
        JSON.stringify({ errmsg: answer.errcode === 0 ? "ok" : "refused, hint: [1234]", ...answer }),
      );
    },
    "127.0.0.1",
    port,
  );
  const state: WecomAppServer = {
    url: server.url,
    delivered: [],
    requests: [],
    tokensAsked: 0,
    tokens: [],
    expiresIn: 7200,
    answers: [],
    tokenAnswers: [],
    revoke() {
      state.tokens.push("revoked");
    },
    close: server.close,
  };
  return state;
}

function interval({ enable_duplicate_check, duplicate_check_interval = 1800 }: AppRequest): number {
  return enable_duplicate_check === 1 ? duplicate_check_interval * 1000 : 0;
}

function asAnswer(scripted: number | Answer): Answer {
  return typeof scripted === "number" ? { errcode: scripted } : scripted;
}
