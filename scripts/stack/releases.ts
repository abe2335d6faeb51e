import type { Env } from "../../config/environment.ts";
import { readUrl } from "../../config/environment.ts";

export type ServerName = "prometheus" | "alertmanager" | "grafana";

/** An official release for this system. */
export interface Release {
  version: string;
  url: string;
  /** The pinned checksum; where it is undefined, the one that the release itself publishes counts. */
  sha256: string | undefined;
  /** Where that is: the project's own address, and where that does not answer, the mirror's. */
  sha256Urls: string[];
}

/** The versions of the compose file; change both together. */
export const VERSIONS = { prometheus: "3.5.3", alertmanager: "0.33.1", grafana: "13.2.3" } as const;
const GRAFANA_BUILD = "36482603486";

const GITHUB = "https://github.com";
const GRAFANA_DOWNLOADS = "https://dl.grafana.com";

const CHECKSUMS: Record<string, string> = {
  "alertmanager-0.33.1.linux-amd64.tar.gz":
    "93d802cba6a8d27239d747ce117df7648d326ab67394e32247540b030e9842ba",
  "grafana_13.2.3_36482603486_linux_amd64.tar.gz":
    "6107ad27016296aac38e0d7ffa8753ab540b5541ad27e94790f771289d733235",
};

/** @param env GITHUB_MIRROR and GRAFANA_MIRROR replace the places to download from */
export function releaseOf(server: ServerName, env: Env): Release {
  const system = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  if (server === "grafana") {
    const version = VERSIONS.grafana;
    const archive = `grafana_${version}_${GRAFANA_BUILD}_${system.replace("-", "_")}.tar.gz`;
    const path = `grafana/release/${version}/${archive}`;
    const mirror = readUrl(env, "GRAFANA_MIRROR", GRAFANA_DOWNLOADS);
    return {
      version,
      url: `${mirror}/${path}`,
      sha256: CHECKSUMS[archive],
      sha256Urls: [...new Set([GRAFANA_DOWNLOADS, mirror])].map((base) => `${base}/${path}.sha256`),
    };
  }
  const version = VERSIONS[server];
  const archive = `${server}-${version}.${system}.tar.gz`;
  const path = `prometheus/${server}/releases/download/v${version}`;
  const mirror = readUrl(env, "GITHUB_MIRROR", GITHUB);
  return {
    version,
    url: `${mirror}/${path}/${archive}`,
    sha256: CHECKSUMS[archive],
    sha256Urls: [...new Set([GITHUB, mirror])].map((base) => `${base}/${path}/sha256sums.txt`),
  };
}
