import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./folder.ts";

interface TlsOptions {
  name?: string;
  handler?: RequestListener;
}

export interface TlsServer {
  url: string;
  /** The certificate that nobody signed but itself, for NODE_EXTRA_CA_CERTS. */
  certificate: string;
}

/** Files, of a key and a certificate for it that nobody signed but itself. @param name as openssl writes it */
export function makeCertificate(t: TestContext, name = "IP:127.0.0.1"): { key: string; certificate: string } {
  const folder = temporaryFolder(t);
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`, "-days", "2"];
  const files = ["-keyout", key, "-out", certificate];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", ...kind, ...subject, ...files], { stdio: "pipe" });
  return { key, certificate };
}

/**
 * Answers over TLS until the test ends, with a certificate made for it by openssl.
 * @param name that the certificate is for, as openssl writes it
 */
export async function listenTls(
  t: TestContext,
  { name, handler = (_, response) => void response.end("OK\n") }: TlsOptions = {},
): Promise<TlsServer> {
  const { key, certificate } = makeCertificate(t, name);
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(options, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate };
}
