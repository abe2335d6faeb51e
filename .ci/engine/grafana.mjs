// Not Grafana: what the stack asks of it, and what Grafana does with the password of its administrator. It takes the
// one that it is given when its database is made, and never again.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const DATABASE = "/var/lib/grafana/grafana.db";

if (!existsSync(DATABASE))
  writeFileSync(DATABASE, readFileSync(process.env.GF_SECURITY_ADMIN_PASSWORD__FILE));
const login = `Basic ${Buffer.from(`admin:${readFileSync(DATABASE)}`).toString("base64")}`;

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
