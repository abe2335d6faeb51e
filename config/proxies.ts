import { type Env, EnvironmentError, optional } from "./environment.ts";

/** For Node's http.setGlobalProxyFromEnv. */
export interface Proxies {
  HTTP_PROXY?: string;
  HTTPS_PROXY?: string;
  NO_PROXY: string;
}

/** As curl, Go and others know them, in either case. */
export const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** Never through a proxy, as in Prometheus and Alertmanager: it would look for them on its own machine. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * Where requests to the world go through.
 * @throws {EnvironmentError} for what is no HTTP proxy; its address may hold a password and is not shown
 */
export function readProxies(env: Env): Proxies {
  const [http, https] = [readProxy(env, "HTTP_PROXY"), readProxy(env, "HTTPS_PROXY")];
  return {
    ...(http && { HTTP_PROXY: http }),
    ...(https && { HTTPS_PROXY: https }),
    NO_PROXY: [...LOOPBACK, ...(either(env, "NO_PROXY")?.split(",") ?? [])].join(","),
  };
}

function readProxy(env: Env, name: string): string | undefined {
  const given = either(env, name);
  if (given === undefined) return undefined;
  const address = given.includes("://") ? given : `http://${given}`;
  const url = URL.parse(address);
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== "") return address;
  throw new EnvironmentError(`环境变量 ${name}：应为 HTTP 代理的地址，例如 http://proxy.example.com:3128`);
}

/** Lower case is the older custom, and wins. */
function either(env: Env, name: string): string | undefined {
  return optional(env, name.toLowerCase()) ?? optional(env, name);
}
