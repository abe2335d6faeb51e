import { serve } from "../../service/http.ts";

/** A process of its own that answers every request, so that its work is not counted as the prober's. */
const { url } = await serve((_request, response) => response.end("OK\n"), "127.0.0.1", 0);
process.stdout.write(`${url}\n`);
