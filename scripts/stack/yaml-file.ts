import { readFileSync } from "node:fs";
import { type Document, type ParseOptions, parseDocument, type SchemaOptions } from "yaml";
import { StackError } from "./project.ts";

/** What the operator can do about the yaml library's error; it speaks English only. */
const ADVICE: Record<string, string> = {
  BAD_INDENT: "缩进不对，或者缺少 ] 或 }",
  BLOCK_AS_IMPLICIT_KEY: "缩进不对，或者多了一个冒号",
  DUPLICATE_KEY: "同一个键写了两次",
  MISSING_CHAR: "这里或之前缺少引号、冒号或减号",
  TAB_AS_INDENT: "缩进只能用空格，不能用制表符",
};

/**
 * A YAML file with its comments.
 * @param name how the operator knows it
 * @throws {StackError} by that name and the line
 */
export function readYaml(file: string, name: string, options?: ParseOptions & SchemaOptions): Document {
  const document = parseDocument(readFileSync(file, "utf8"), options);
  const [error] = document.errors;
  if (error) {
    const advice = ADVICE[error.code] ?? "请检查缩进、冒号和引号";
    throw new StackError(`${name}:${error.linePos?.[0].line ?? 1} 不是正确的 YAML：${advice}`);
  }
  return document;
}
