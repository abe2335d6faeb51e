import type { TestContext } from "node:test";
import type { WecomAnswer } from "../../../alertmanager/relay/channels/wecom-errors.ts";
import { listen } from "./server.ts";
import { until } from "./until.ts";

/** WeCom's group-robot API on loopback: takes every message and answers as told. */
export interface Robots {
  url: string;
  messages: { key: string; content: string }[];
  /** The next answers, by errcode; once used up, every message is taken. */
  answers: number[];
  /** Waits for the message of that number, from 1. @returns its content */
  message(number: number): Promise<string>;
}

export async function startRobots(t: TestContext): Promise<Robots> {
  const messages: Robots["messages"] = [];
  const answers: number[] = [];
  const url = await listen(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { markdown } = JSON.parse(Buffer.concat(chunks).toString());
    const key = new URL(request.url ?? "", "http://localhost").searchParams.get("key") ?? "";
    messages.push({ key, content: markdown.content });
    const errcode = answers.shift() ?? 0;
    const answer: WecomAnswer = { errcode, errmsg: errcode === 0 ? "ok" : "refused, hint: [1234]" };
    response.end(JSON.stringify(answer));
  });
  return {
    url,
    messages,
    answers,
    message: async (number) => (await until(`message ${number}`, () => messages[number - 1])).content,
  };
}
