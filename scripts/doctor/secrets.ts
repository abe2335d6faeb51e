import { existsSync, statSync } from "node:fs";
import { platform } from "node:os";
import { join, resolve } from "node:path";
import { readSecret } from "../../config/environment.ts";
import { isService } from "../service/names.ts";
import { GENERATED_SECRETS, SECRETS } from "../stack/dotenv.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem } from "./check.ts";

/** That secrets are set, and that nobody else on this machine can read them. */
export const secretsCheck: Check = {
  name: "secrets",
  title: "密钥",
  question: "starting",
  async run(view): Promise<Finding[]> {
    const findings = [...unset(view), ...readable(view)];
    return findings.length > 0 ? findings : [ok("密钥都已设置，别人读不到")];
  },
};

function unset({ project, settings: { env }, runtime }: StackView): Finding[] {
  // There they are in a volume, whatever .env says; `docker compose up` alone needs none.
  if (runtime.kind === "compose") return [];
  if (!existsSync(join(project, ".env")) && runtime.kind === "stopped") {
    return [hint("还没有 .env", "第一次启动时会生成，连同随机密钥", "npm start")];
  }
  const missing = GENERATED_SECRETS.filter((name) => secret(env, name) === undefined);
  if (missing.length === 0) return [];
  return [
    problem(`.env 里没有 ${missing.join("、")}`, "没有它们各部分互相不认，或者不启动", "npm start，会补上"),
  ];
}

/** One that cannot be read is told by the check of settings. */
function secret(env: StackView["settings"]["env"], name: string): string | undefined {
  try {
    return readSecret(env, name);
  } catch {
    return "";
  }
}

function readable({ project, paths, settings: { env } }: StackView): Finding[] {
  if (platform() === "win32") return [];
  const given = SECRETS.flatMap((name) => env[`${name}_FILE`] ?? []);
  return [".env", ...given].flatMap((name) => {
    const file = resolve(project, name);
    const mode = modeOf(file);
    // A service's parts read it as its group (scripts/service/readable.ts); .env they do not.
    const isForService = name !== ".env" && isService(paths.root) && isOfGroup(file, paths.root);
    if ((mode & (isForService ? 0o037 : 0o077)) === 0) return [];
    return problem(
      `这台机器上的其他用户能读 ${name}（权限 ${mode.toString(8)}）`,
      "里面有密钥，拿到的人能冒充监控发消息",
      isForService ? `chmod 640 ${name}` : `chmod 600 ${name}`,
    );
  });
}

function isOfGroup(file: string, model: string): boolean {
  const [found, wanted] = [file, model].map((path) => statSync(path, { throwIfNoEntry: false }));
  return found !== undefined && found.gid === wanted?.gid;
}

function modeOf(file: string): number {
  return existsSync(file) ? statSync(file).mode & 0o777 : 0;
}
