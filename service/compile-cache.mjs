// Loaded before a service (node --import): the code that Node makes of TypeScript is kept. A start that finds it takes
// half the time, and 25 MB less, as the compiler is not loaded. JavaScript: it comes before TypeScript can be read.
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compiled"));
