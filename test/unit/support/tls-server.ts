import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { makeCertificate } from "../../helpers/certificate.ts";
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

/**
 * Answers over TLS until the test ends, with a certificate made for it by openssl.
 * @param name that the certificate is for, as openssl writes it
 */
export async function listenTls(
  t: TestContext,
  { name = "IP:127.0.0.1", handler = (_, response) => void response.end("OK\n") }: TlsOptions = {},
): Promise<TlsServer> {
  const { key, certificate } = makeCertificate(temporaryFolder(t), name);
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(options, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate };
}
