// Not Grafana: what the stack asks of it, and what Grafana does with the password of its administrator. It takes the
// one that it is given when its database is made, and never again.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

const DATABASE = "/var/lib/grafana/grafana.db";

// The mode that Grafana gives it; another is only warned of.
if (!existsSync(DATABASE)) writeFileSync(DATABASE, "", { mode: 0o640 });
const database = new DatabaseSync(DATABASE);
database.exec("CREATE TABLE IF NOT EXISTS admin (id INTEGER PRIMARY KEY, password TEXT)");
const given = readFileSync(process.env.GF_SECURITY_ADMIN_PASSWORD__FILE, "utf8");
database.prepare("INSERT OR IGNORE INTO admin VALUES (1, ?)").run(given);
const { password } = database.prepare("SELECT password FROM admin").get();
const login = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;

const server = createServer((request, response) => {
  if (request.url === "/api/health") response.end('{"database":"ok"}');
  else if (request.url === "/metrics") response.end("grafana_stand_in 1\n");
  else response.writeHead(request.headers.authorization === login ? 200 : 401).end();
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
server.listen(3000);
