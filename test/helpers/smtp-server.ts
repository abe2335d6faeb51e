import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

export interface MailServer {
  /** smtp://…, to be given as SMTP_URL. */
  url: string;
  mails: ParsedMail[];
  close(): Promise<void>;
}

export interface MailServerOptions {
  host?: string;
  /** 0 for a free one. */
  port?: number;
  /** STARTTLS, in PEM. */
  tls?: { key: string; cert: string };
  /** Without which nothing is taken. */
  login?: { user: string; password: string };
}

/** A mail server that takes everything and keeps it. */
export async function startMailServer({
  host = "127.0.0.1",
  port = 0,
  tls,
  login,
}: MailServerOptions = {}): Promise<MailServer> {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    ...tls,
    authOptional: login === undefined,
    disabledCommands: tls === undefined ? ["STARTTLS"] : [],
    onAuth({ username, password }, _session, done) {
      const isRight = username === login?.user && password === login?.password;
      done(isRight ? null : new Error("wrong login"), { user: username });
    },
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
  });
  // A client that does not trust it, or breaks off, is its own affair.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.server.address() as AddressInfo;
  return {
    url: `smtp://${host}:${address.port}`,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
