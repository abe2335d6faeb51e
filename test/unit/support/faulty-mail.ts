import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** What a mail server does; undefined is as it should. */
export type MailFault =
  | "greets slowly"
  | "never greets"
  | "dies in the message"
  | "dies after the message"
  | "never answers the message"
  | "refuses gone@example.com"
  | "refuses everybody";

export interface FaultyMail {
  /** smtp://…, to be given as SMTP_URL. */
  url: string;
  /** Of each mail that it took, to whom. */
  taken: string[][];
  connections: number;
  behave(fault: MailFault | undefined): void;
}

/** Of the clock that a test holds. */
const SLOW = 15_000;

/** A mail server on loopback, by the lines of its protocol (https://www.rfc-editor.org/rfc/rfc5321). */
export async function startFaultyMail(t: TestContext): Promise<FaultyMail> {
  let fault: MailFault | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    mail.connections += 1;
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    converse(socket, fault, (to) => mail.taken.push(to));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const mail: FaultyMail = {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: [],
    connections: 0,
    behave(next) {
      fault = next;
    },
  };
  return mail;
}

function converse(socket: Socket, fault: MailFault | undefined, take: (to: string[]) => void): void {
  const say = (line: string) => socket.write(`${line}\r\n`);
  const to: string[] = [];
  let message: string | undefined;
  if (fault === "greets slowly") setTimeout(() => say("220 ready"), SLOW);
  else if (fault !== "never greets") say("220 ready");
  socket.setEncoding("latin1").on("data", (text: string) => {
    if (message === undefined) {
      for (const line of text.split("\r\n").filter(Boolean)) command(line);
      return;
    }
    message += text;
    if (fault === "dies in the message") socket.destroy();
    if (!message.endsWith("\r\n.\r\n")) return;
    message = undefined;
    if (fault === "dies after the message") socket.destroy();
    else if (fault !== "never answers the message") {
      take(to);
      say("250 taken");
    }
  });

  function command(line: string): void {
    const [, recipient] = /^RCPT TO:<(.*)>/.exec(line) ?? [];
    if (recipient !== undefined) {
      const isRefused = fault === "refuses everybody" || fault === `refuses ${recipient}`;
      if (!isRefused) to.push(recipient);
      say(isRefused ? "550 no such user" : "250 OK");
    } else if (line === "DATA") {
      message = "";
      say("354 go on");
    } else if (line === "QUIT") socket.end("221 bye\r\n");
    else say("250 OK");
  }
}
