import type { Ask } from "./ask.ts";

/** The newest value of each series. */
export interface QueryResult {
  metric: Record<string, string>;
  value: number;
}

/** @param expression PromQL @throws {NoAnswerError} */
export async function query(ask: Ask, expression: string): Promise<QueryResult[]> {
  const path = `/api/v1/query?${new URLSearchParams({ query: expression })}`;
  const { data } = await ask.json<{
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  }>("prometheus", path);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
