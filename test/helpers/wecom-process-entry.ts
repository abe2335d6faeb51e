import { startWecomServer } from "./wecom-server.ts";

/* The child of wecom-process.ts: its arguments are the robots' keys; it tells its address, then what it is asked for. */
const { url, messages, refusals } = await startWecomServer(process.argv.slice(2));
process.on("message", () => process.send?.({ messages, refusals }));
process.on("disconnect", () => process.exit());
process.send?.(url);
