import type { RequestListener } from "node:http";
import { isIP } from "node:net";

/** Top-level names that the public DNS cannot hold: RFC 6761 and 6762, and ICANN's resolution of 2024-07-29. */
const PRIVATE_NAMES = /\.(localhost|local|internal)$/;

/**
 * Answers only what was sent to one of our own names.
 *
 * Whoever owns a public name can make it lead to this machine after his page was loaded from it: the browser then
 * takes what is here for a part of that page, and lets it read (DNS rebinding). Addresses, names without a dot and
 * private ones are nobody's to rebind: other parts, containers and programs use those. A public name is one of ours if
 * the operator has said so.
 * @param ownUrls addresses for people; their host names are ours
 */
export function onlyOwnNames(handler: RequestListener, ownUrls: string[]): RequestListener {
  const names = new Set(ownUrls.map((url) => URL.parse(url)?.hostname));
  return (request, response) => {
    const name = hostName(request.headers.host);
    if (name === undefined || isUnownable(name) || names.has(name)) handler(request, response);
    else {
      response.writeHead(421, { "Content-Type": "application/json; charset=utf-8", Connection: "close" });
      response.end(JSON.stringify({ error: "not a name of this service: PUBLIC_EXPORTER_URL may add one" }));
    }
  };
}

/** Undefined where none was sent: HTTP/1.0, which no browser speaks. */
function hostName(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return (URL.parse(`http://${header}`)?.hostname ?? header).replace(/\.$/, "");
}

function isUnownable(name: string): boolean {
  return !name.includes(".") || isIP(name.replaceAll(/[[\]]/g, "")) !== 0 || PRIVATE_NAMES.test(name);
}
