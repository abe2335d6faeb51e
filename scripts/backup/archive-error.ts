import { StackError } from "../stack/project.ts";

/** A file that is no backup of ours, or not a whole one; the message says in what way. */
export class ArchiveError extends StackError {
  override readonly name: string = "ArchiveError";
}
