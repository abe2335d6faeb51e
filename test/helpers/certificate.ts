import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Files in PEM. */
export interface CertificateFiles {
  key: string;
  certificate: string;
}

/** A key, and a certificate for it that nobody signed but itself. @param name as openssl writes it, `DNS:…` or `IP:…` */
export function makeCertificate(folder: string, name: string): CertificateFiles {
  const files = { key: join(folder, "key.pem"), certificate: join(folder, "certificate.pem") };
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`, "-days", "2"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const output = ["-keyout", files.key, "-out", files.certificate];
  execFileSync("openssl", ["req", ...kind, ...subject, ...output], { stdio: "pipe" });
  return files;
}
