import { join } from "node:path";
import type { TestContext } from "node:test";
import { createWindow, type Window } from "../../../alertmanager/relay/outbox/window.ts";
import { PROJECT } from "../../../scripts/stack/project.ts";
import { openDatabase } from "../../../service/database.ts";
import { temporaryFolder } from "./folder.ts";

/** The limits of senders, in a database of their own. @param now milliseconds since the epoch */
export function openWindow(t: TestContext, now: () => number): Window {
  const migrations = join(PROJECT, "alertmanager/relay/outbox/migrations");
  const database = openDatabase(join(temporaryFolder(t), "relay.db"), migrations);
  t.after(() => database.close());
  return createWindow(database, now);
}
