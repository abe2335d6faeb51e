import { text } from "node:stream/consumers";
import type { Env } from "../../config/environment.ts";
import { systemClock } from "../../service/clock.ts";
import { askLikeTheRelay, type Look, lookFromHere } from "./outside.ts";

/**
 * What the doctor has executed in the relay's container. Its arguments are what to look at, its standard input the
 * settings of the channels as JSON, so that they stand on no command line; it writes the findings as one line of JSON.
 */
askLikeTheRelay(process.env);
const env = JSON.parse(await text(process.stdin)) as Env;
const looks = await lookFromHere(process.argv.slice(2) as Look[], env, systemClock);
// Whatever still waits is not waited for.
process.stdout.write(`${JSON.stringify(looks)}\n`, () => process.exit());
