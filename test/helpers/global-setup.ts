import { requireServer } from "./servers.ts";

/** Once before all tests: two files that fetch the same server at the same time would be in each other's way. */
export async function globalSetup(): Promise<void> {
  for (const name of ["prometheus", "alertmanager"] as const) {
    const { version, origin } = await requireServer(name);
    console.log(`${name} ${version} (${origin})`);
  }
}
