import { setGlobalProxyFromEnv } from "node:http";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { readAuthorities } from "../../config/authorities.ts";
import { optional } from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import type { StackView } from "../stack/view.ts";

/** WeCom and the mail server are asked as the relay asks them: by .env, which this process was not started with. */
export function askLikeTheRelay({ settings: { env } }: StackView): void {
  try {
    const proxies = readProxies(env);
    // The parts themselves are near.
    const near = [proxies.NO_PROXY, optional(env, "HOST")].filter((names) => names !== undefined);
    setGlobalProxyFromEnv({ ...proxies, NO_PROXY: near.join(",") });
    const authorities = readAuthorities(env);
    if (authorities !== undefined) setDefaultCACertificates([...getCACertificates(), authorities]);
  } catch {
    // Told by the check of the settings.
  }
}
