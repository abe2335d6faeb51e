import { type Env, EnvironmentError, readSecret } from "../../config/environment.ts";

/** Grafana's own first password, which everybody knows. */
const KNOWN = "admin";

/** @returns undefined where none is set yet. @throws {EnvironmentError} */
export function readAdminPassword(env: Env): string | undefined {
  const password = readSecret(env, "GRAFANA_ADMIN_PASSWORD");
  if (password !== KNOWN) return password;
  throw new EnvironmentError("GRAFANA_ADMIN_PASSWORD 不能是 admin：这是 Grafana 人人都知道的初始密码");
}
