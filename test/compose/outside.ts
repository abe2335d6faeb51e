import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createServer } from "node:tls";
import { makeCertificate } from "../helpers/certificate.ts";
import { type MailServer, startMailServer } from "../helpers/smtp-server.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";
import { hostAddress } from "./engine.ts";

export const ROBOT_KEY = "robot-of-the-containers";
export const MAIL_LOGIN = { user: "ops", password: "night-shift" };

/** This machine, as the containers know it. */
const HOST = "host.docker.internal";

/** Whom the stack tells, both over TLS by an authority that only the firm itself knows. */
export interface Outside {
  /** For .env. */
  settings: { WECOM_ROBOT_KEY: string; WECOM_API_BASE: string; NODE_EXTRA_CA_CERTS: string };
  wecom: WecomServer;
  mail: MailServer;
  /** @param password of the user that the mail server knows */
  smtpUrl(password: string): string;
  close(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-outside-"));
  const files = makeCertificate(folder, `DNS:${HOST}`);
  const tls = { key: readFileSync(files.key, "utf8"), cert: readFileSync(files.certificate, "utf8") };
  const host = await hostAddress();
  const wecom = await startWecomServer([ROBOT_KEY]);
  const front = await encrypt(wecom.url, host, tls);
  const mail = await startMailServer({ host, tls, login: MAIL_LOGIN });
  return {
    settings: {
      WECOM_ROBOT_KEY: ROBOT_KEY,
      WECOM_API_BASE: `https://${HOST}:${front.port}`,
      // Where containers cannot read: it is docker that hands it to them.
      NODE_EXTRA_CA_CERTS: files.certificate,
    },
    wecom,
    mail,
    smtpUrl: (password) => `smtp://${MAIL_LOGIN.user}:${password}@${HOST}:${new URL(mail.url).port}`,
    async close() {
      front.close();
      await Promise.all([wecom.close(), mail.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Takes TLS on another address, and hands on what was in it. */
async function encrypt(
  url: string,
  host: string,
  tls: { key: string; cert: string },
): Promise<{ port: number; close(): void }> {
  const { hostname, port } = new URL(url);
  const server = createServer(tls, (encrypted) => {
    const plain = connect(Number(port), hostname);
    // Whichever breaks off, the other learns of it.
    pipeline(encrypted, plain, encrypted, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
