/** This machine itself: what is sent there passes no wire. */
const NEAR = /^(localhost|127\.[\d.]+|\[::1\]|host\.docker\.internal)$/;

/**
 * How to reach the mail server of SMTP_URL. A password never goes out in the clear: with one, a server that offers no
 * STARTTLS is not logged in to (nodemailer's code ETLS), as Alertmanager does not either.
 */
export function smtpOptions(smtpUrl: string): { url: string; requireTLS: boolean } {
  const { protocol, password, hostname } = new URL(smtpUrl);
  return { url: smtpUrl, requireTLS: protocol === "smtp:" && password !== "" && !NEAR.test(hostname) };
}
