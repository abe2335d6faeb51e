import { join } from "node:path";

/** The folder of the checkout. */
export const PROJECT = join(import.meta.dirname, "../..");

/** What a native stack keeps, and where. */
export interface StatePaths {
  root: string;
  servers: string;
  config: string;
  data: string;
  logs: string;
  run: string;
  secrets: string;
}

export function statePaths(root: string): StatePaths {
  return {
    root,
    servers: join(root, "servers"),
    config: join(root, "config"),
    data: join(root, "data"),
    logs: join(root, "logs"),
    run: join(root, "run"),
    secrets: join(root, "secrets"),
  };
}

/** Where Alertmanager finds the relay's token. */
export function relayTokenFile(paths: StatePaths): string {
  return join(paths.secrets, "relay_token");
}

/** Where it finds the mail server's password. */
export function mailPasswordFile(paths: StatePaths): string {
  return join(paths.secrets, "smtp_password");
}

/** Something went wrong that the operator can mend; the message says how. */
export class StackError extends Error {
  override readonly name: string = "StackError";
}

/** The exit code of a command that failed by a TemporaryError (sysexits.h). */
export const EX_TEMPFAIL = 75;

/** The same may succeed in a minute: something else is at work, or has just been started. */
export class TemporaryError extends StackError {
  override readonly name = "TemporaryError";
}

/** Its message says itself what state things are in. */
export class ToldError extends StackError {
  override readonly name: string = "ToldError";
}

/** A change that had begun was given up; the message also says whether all is as before. */
export class RevertedError extends ToldError {
  override readonly name = "RevertedError";

  /** @param problems with going back */
  constructor(reason: Error, problems: string[]) {
    super(`${reason.message}\n\n${outcome(problems)}`, { cause: reason });
  }
}

function outcome(problems: string[]): string {
  if (problems.length === 0) return "已恢复原来的配置，监控照常运行。";
  return `没能完全恢复原来的配置：\n${problems.join("\n")}\n请把改动撤回，再执行 npm start。`;
}
