import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { findChromium, WITHOUT_CHROMIUM } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { about, accessibilityProblems, eventuallySays, overflow, useStoryPage, verdict } from "./support.ts";

/** A name that config.ini takes, and a text that may come from anywhere. */
const SERVICE = "<script>alert(1)</script>";
const HOSTILE = "<img src=x onerror=alert(2)>";

suite("the management page, in a browser", { skip: findChromium() === undefined && WITHOUT_CHROMIUM }, () => {
  const on = useStoryPage(SERVICE);

  test("asks nobody else, breaks none of its own rules, and everybody can use it", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, errors, strangers } = await on.open({ colorScheme });
      await eventuallySays(page, "#verdict", /严重/);
      await page.waitForSelector(".plot canvas");
      assert.deepEqual(await accessibilityProblems(page), [], colorScheme);
      assert.deepEqual(errors(), []);
      assert.deepEqual(strangers(), []);
    }
  });

  test("fits a phone, and a wall", async () => {
    for (const [width, height] of [
      [320, 640],
      [360, 780],
      [1280, 720],
      [3840, 2160],
    ] as const) {
      const { page } = await on.open({ viewport: { width, height } });
      await page.waitForSelector(".plot canvas");
      assert.equal(await overflow(page), 0, `${width}`);
      await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
      assert.equal(await overflow(page), 0, `${width}, all opened`);
    }
  });

  test("today's figures stand in one row on a wall", async () => {
    const { page } = await on.open({ viewport: { width: 2560, height: 1440 } });
    const tops = await page.evaluate(
      "[...document.querySelectorAll('.figures > div')].map((one) => one.getBoundingClientRect().top)",
    );
    assert.equal(new Set(tops as number[]).size, 1);
  });

  test("what anybody may have written is text", async () => {
    await eventually("the alert is told", () =>
      on.story.wecom.messages.some(({ content }) => content.includes("无法访问")),
    );
    const labels = { alertname: "<script>alert(2)</script>", severity: '"><b>', instance: HOSTILE };
    const annotations = { summary: `${HOSTILE}'"`, description: HOSTILE, runbook_url: "javascript:alert(3)" };
    const alert = {
      status: "resolved",
      labels,
      annotations,
      fingerprint: "feed",
      generatorURL: "javascript:alert(4)",
    };
    const times = { startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-01-01T00:10:00Z" };
    const response = await fetch(`${on.story.stack.urls.relay}/alerts`, {
      method: "POST",
      headers: { Authorization: `Bearer ${on.story.stack.env().RELAY_TOKEN}` },
      body: JSON.stringify({ version: "4", status: "resolved", alerts: [{ ...alert, ...times }] }),
    });
    assert.equal(response.status, 200);
    const { page, errors, popups } = await on.open();
    const text = await page.locator("main").innerText();
    assert.ok(text.includes(`服务 ${SERVICE} 无法访问`));
    assert.ok(text.includes(`${HOSTILE}'"`));
    assert.equal(await page.locator("main img, main b, main script").count(), 0);
    assert.equal(await page.locator('[href^="javascript" i]').count(), 0);
    assert.deepEqual(errors(), []);
    assert.deepEqual(popups, []);
  });

  test("holds no secret", async () => {
    const { page } = await on.open();
    const content = await page.content();
    const secrets = Object.entries(on.story.stack.env()).filter(([name]) => /TOKEN|PASSWORD|KEY/.test(name));
    assert.ok(secrets.length >= 4);
    for (const [name, secret = ""] of secrets)
      for (const one of secret.split(",")) assert.ok(!content.includes(one), name);
  });

  test("says all of it without a script", async () => {
    const { page } = await on.open({ javaScriptEnabled: false });
    await eventually("the service is known to be down", async () => {
      await page.reload();
      return /^1 个严重问题/.test(await verdict(page).innerText());
    });
    assert.match(await about(page, "CPU").innerText(), /\d%/);
    assert.match(await about(page, "企业微信群机器人").innerText(), /正常|没有送达|还没有用过/);
    assert.match(await page.locator("main").innerText(), /图表需要 JavaScript/);
    assert.equal(await page.locator(".plot:visible").count(), 0);
    // Beside each button that does nothing.
    assert.equal((await page.locator("main").innerText()).match(/按钮需要 JavaScript/g)?.length, 2);
  });

  test("a runbook is a page that fits a phone", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, errors, strangers } = await on.open(
        { viewport: { width: 360, height: 640 }, colorScheme },
        "/runbooks/NotificationsFailing",
      );
      assert.equal(await page.locator("h1").innerText(), "NotificationsFailing：有通知没有送达");
      assert.equal(await page.locator("h2").count(), 5);
      assert.ok((await page.locator("pre").count()) >= 3);
      assert.equal(await overflow(page), 0);
      assert.deepEqual(await accessibilityProblems(page), []);
      assert.deepEqual([...errors(), ...strangers()], []);
      await page.getByRole("link", { name: "返回系统监控" }).click();
      assert.equal(await page.locator("h1").innerText(), "法律客服系统监控");
    }
  });
});
