import { Readable } from "node:stream";
import { packArchive } from "./archive.ts";
import { type Collection, collect } from "./collecting.ts";
import type { Facts } from "./manifest.ts";

/** The bytes of a tar file with all that a stack keeps. */
export function pack(collection: Collection): Readable {
  const facts: Facts = { servers: {}, databases: {}, variables: collection.variables };
  return Readable.from(
    packArchive(collect(collection, facts), () => facts),
    { objectMode: false },
  );
}
