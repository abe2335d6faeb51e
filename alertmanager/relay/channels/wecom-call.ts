import { z } from "zod";
import type { Outcome } from "./channel.ts";
import type { WecomAnswer } from "./wecom-errors.ts";

/** How long an attempt may take in all, in milliseconds. */
export const WECOM_TIMEOUT = 10_000;
/** Shorter ones are part of ordinary words. */
const SECRET_LENGTH = 6;
/** Bytes. */
const LONGEST_ANSWER = 1024 * 1024;
/** Characters; it is kept with each alert. */
const LONGEST_ERRMSG = 300;

/** WeCom's answer as it is, or why there is none. */
export type WecomReply = { answer: WecomAnswer & Record<string, unknown> } | { failure: Outcome };

const answerSchema = z.looseObject({ errcode: z.number(), errmsg: z.string().default("") });

/**
 * Calls one of WeCom's interfaces: errors come as HTTP 200 with an errcode
 * (https://developer.work.weixin.qq.com/document/path/90313). Never throws.
 * @param url holds a secret: it is in no outcome
 * @param message posted as JSON; a GET without one
 * @param signal ends the attempt that this call belongs to
 */
export async function callWecom(
  url: string,
  message: object | undefined,
  signal: AbortSignal,
): Promise<WecomReply> {
  try {
    const response = await fetch(url, {
      ...(message && { method: "POST", body: JSON.stringify(message) }),
      headers: { "Content-Type": "application/json" },
      signal,
    });
    const text = await readText(response);
    if (response.status >= 500) return failure("server", `HTTP ${response.status}`);
    const answer = answerSchema.safeParse(parseJson(text));
    if (answer.success)
      return { answer: { ...answer.data, errmsg: withoutSecrets(answer.data.errmsg, url) } };
    return failure("server", `HTTP ${response.status}，应答不是企业微信的格式：请检查 WECOM_API_BASE 和代理`);
  } catch (error) {
    return explain(error);
  }
}

/** What is longer is no answer of WeCom's: its rest is not read, as it may have no end. */
async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_ANSWER) break;
  }
  return Buffer.concat(chunks).toString();
}

/** @returns undefined for what is no JSON, a proxy's page for example */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** WeCom does not repeat a key or token; what stands in its place might. */
function withoutSecrets(errmsg: string, url: string): string {
  const secrets = [...new URL(url).searchParams.values()].filter(({ length }) => length >= SECRET_LENGTH);
  return secrets.reduce((text, secret) => text.replaceAll(secret, "***"), errmsg).slice(0, LONGEST_ERRMSG);
}

/** The error's own words may repeat the address, so only its code is passed on. */
function explain(error: unknown): WecomReply {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return failure("timeout", `企业微信 ${WECOM_TIMEOUT / 1000} 秒内没有应答`);
  }
  const code = (error as { cause?: { code?: unknown } }).cause?.code;
  return failure("network", `无法连接企业微信（${typeof code === "string" ? code : "未知错误"}）`);
}

function failure(reason: "network" | "timeout" | "server", detail: string): WecomReply {
  return { failure: { kind: "retry", reason, detail } };
}
