// Loaded before a service (node --import): the code that Node makes of TypeScript is kept. A start that finds it takes
// half the time, and 25 MB less, as the compiler is not loaded. JavaScript: it comes before TypeScript can be read.
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Whatever the shell allows: who may write to the folder decides what is run.
process.umask(process.umask() | 0o022);
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compiled"));
