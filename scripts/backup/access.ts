import type { Readable } from "node:stream";

/** What the operator's side adds to an archive. */
export interface Addition {
  /** config.ini's text. */
  config: string;
  /** .env's text, if it is to be in the archive. */
  dotenv: string | undefined;
  /** The names that are set in .env. */
  variables: string[];
}

/** A stack that can be backed up and restored, natively or in containers. */
export interface Access {
  /** How it runs, for the operator. */
  title: string;
  isRunning: boolean;
  /** The text of the config.ini in force; where nothing runs, of the operator's own. */
  config(): Promise<string>;
  /** The archive. @param file where it will be */
  pack(addition: Addition, file: string, signal: AbortSignal): Readable;
  unpack(file: string, signal: AbortSignal): Promise<void>;
  swap(): Promise<void>;
  putBack(): Promise<void>;
  discard(): Promise<void>;
  stop(): Promise<void>;
  start(signal: AbortSignal): Promise<void>;
}
