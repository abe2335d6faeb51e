import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { PROJECT } from "../../scripts/stack/project.ts";
import { type HttpServer, serve } from "../../service/http.ts";
import { accelerate } from "../helpers/accelerate.ts";
import { launchChromium, openPage } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { fillPastDay } from "../helpers/past-day.ts";
import { startMailServer } from "../helpers/smtp-server.ts";
import { createTestStack } from "../helpers/stack.ts";
import { startWecomServer } from "../helpers/wecom-server.ts";
import { look } from "./support.ts";

const FOLDER = join(PROJECT, "docs/images");
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 375, height: 760 };
const KEY = "robot-for-screenshots";

const skip = process.env.UPDATE_SCREENSHOTS !== "1" && "UPDATE_SCREENSHOTS=1 takes those of the README anew";

test("the pictures of the README: a day of a desk, and a service that goes down in it", {
  skip,
}, async (t) => {
  mkdirSync(FOLDER, { recursive: true });
  const [wecom, mail, browser] = await Promise.all([
    startWecomServer([KEY]),
    startMailServer(),
    launchChromium(),
  ]);
  const services: HttpServer[] = await Promise.all(
    ["", ""].map(() => serve((_, response) => response.end(), "127.0.0.1", 0)),
  );
  const stack = await createTestStack({
    ...{ WECOM_ROBOT_KEY: KEY, WECOM_API_BASE: wecom.url },
    ...{ SMTP_URL: mail.url, EMAIL_FROM: "monitoring@example.com", EMAIL_TO: "operator@example.com" },
  });
  t.after(async () => {
    await Promise.all([
      stack.remove(),
      browser.close(),
      wecom.close(),
      mail.close(),
      ...services.map((one) => one.close()),
    ]);
  });
  stack.configure(
    (text) => `${text}\nwecom_legal_service = ${services[0]?.url}\n案件系统 = ${services[1]?.url}\n`,
  );
  accelerate(stack.folder, 30);
  const data = join(stack.folder, ".stack/data");
  mkdirSync(data, { recursive: true });
  await fillPastDay(data, `localhost:${new URL(stack.urls.exporter).port}`);
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
  const grafana = await serve(
    (_, response) => response.end("{}"),
    "127.0.0.1",
    Number(stack.env().GRAFANA_PORT),
  );
  services.push(grafana);
  // What was there before the first look is not known to be of today.
  await eventually("Prometheus has looked", async () => {
    const answer = await fetch(`${stack.urls.prometheus}/api/v1/query?query=consultations_total`);
    return ((await answer.json()) as { data: { result: object[] } }).data.result.length > 0;
  });
  await report(stack.urls.exporter, stack.env().EXPORTER_TOKEN ?? "");

  await services[1]?.close();
  await picture("phone-trouble.png", /^1 个严重问题$/, { viewport: PHONE, deviceScaleFactor: 1.5 });
  await picture("page-trouble-dark.png", /^1 个严重问题$/, { viewport: DESKTOP, colorScheme: "dark" });
  services[1] = await serve(
    (_, response) => response.end(),
    "127.0.0.1",
    Number(new URL(services[1]?.url ?? "").port),
  );
  await eventually("its end is told", () => wecom.messages.some(({ content }) => content.startsWith("✅")));
  await picture("page.png", /^一切正常$/, { viewport: { ...DESKTOP, height: 1000 } });
  await picture("charts.png", /^一切正常$/, { viewport: { ...DESKTOP, height: 700 } }, "#charts");

  async function picture(
    name: string,
    verdict: RegExp,
    options: BrowserContextOptions,
    at?: string,
  ): Promise<void> {
    const { page, close } = await openPage(browser, stack.urls.exporter, options);
    await eventually(`${name}: ${verdict}`, async () => {
      await look(page);
      return verdict.test(await page.locator("#verdict").innerText());
    });
    await page.waitForSelector(".plot canvas");
    if (at !== undefined) await page.evaluate(`document.querySelector("${at}").scrollIntoView()`);
    await page.screenshot({ path: join(FOLDER, name) });
    await close();
  }
});

/** What a desk reports of a day. */
async function report(url: string, token: string): Promise<void> {
  const yesterday = new Date(Date.now() - 24 * 3600_000).toISOString();
  const events = [
    ...Array.from({ length: 286 }, (_, index) => ({
      type: "message",
      outcome: index % 53 === 0 ? "error" : "ok",
      duration_seconds: 0.3 + (index % 17) / 10,
    })),
    ...Array.from({ length: 341 }, () => ({ type: "message", outcome: "ok", at: yesterday })),
    ...Array.from({ length: 31 }, () => ({ type: "consultation" })),
    ...Array.from({ length: 6 }, () => ({ type: "case" })),
    ...Array.from({ length: 9 }, (_, index) => ({ type: "satisfaction", score: index % 3 === 0 ? 4 : 5 })),
  ];
  const response = await fetch(`${url}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify(events),
  });
  assert.equal(response.status, 202);
}
