import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { TestContext } from "node:test";
import type { Config } from "../../../config/config.ts";
import { readPublicUrls } from "../../../config/environment.ts";
import { PROJECT } from "../../../scripts/stack/project.ts";
import {
  type PartAddresses,
  type Rendering,
  type RenderOptions,
  render,
} from "../../../scripts/stack/render.ts";
import { testConfig } from "./exporter.ts";
import { temporaryFolder } from "./folder.ts";

const ADDRESSES: PartAddresses = {
  exporter: "localhost:8001",
  relay: "localhost:8002",
  prometheus: "localhost:9090",
  alertmanager: "localhost:9093",
  grafana: "localhost:3000",
};

export interface Changes {
  config?: Partial<Config>;
  configText?: string;
  addresses?: Partial<PartAddresses>;
  publicUrls?: Partial<RenderOptions["publicUrls"]>;
  relayTokenFile?: string;
  fallbackMail?: RenderOptions["fallbackMail"];
}

/** Renders a copy of the committed files; what is not changed is as committed. */
export function renderer(t: TestContext) {
  const [project, out] = [temporaryFolder(t), temporaryFolder(t)];
  let newest: Rendering | undefined;
  for (const folder of ["prometheus", "alertmanager", "grafana"]) {
    cpSync(join(PROJECT, folder), join(project, folder), { recursive: true });
  }
  return {
    project,
    out,
    /** A file of the newest rendering. */
    read: (file: string) => readFileSync(join(newest?.folder ?? "", file), "utf8"),
    render(changes: Changes = {}): Rendering {
      newest = render({
        project,
        out,
        config: testConfig(changes.config),
        configText: changes.configText ?? "[monitoring]\n",
        addresses: { ...ADDRESSES, ...changes.addresses },
        publicUrls: { ...readPublicUrls({}, 8001), ...changes.publicUrls },
        relayTokenFile: changes.relayTokenFile,
        fallbackMail: changes.fallbackMail,
      });
      return newest;
    },
  };
}

/** Every file below a folder, named from `root`. */
export function filesUnder(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}
