import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./folder.ts";

export interface TlsServer {
  url: string;
  /** The certificate that nobody signed but itself, for NODE_EXTRA_CA_CERTS. */
  certificate: string;
}

/** Answers over TLS until the test ends, with a certificate for 127.0.0.1 made for it by openssl. */
export async function listenTls(t: TestContext): Promise<TlsServer> {
  const folder = temporaryFolder(t);
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const files = ["-keyout", key, "-out", certificate];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", ...kind, ...subject, ...files], { stdio: "pipe" });
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(options, (_request, response) => response.end("OK\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate };
}
