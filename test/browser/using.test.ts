import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Route } from "playwright-core";
import { findChromium, WITHOUT_CHROMIUM } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { about, accessibilityProblems, eventuallySays, look, useStoryPage, verdict } from "./support.ts";

suite("the management page in use: buttons, updates, and parts that die", {
  skip: findChromium() === undefined && WITHOUT_CHROMIUM,
}, () => {
  const on = useStoryPage("案件系统");

  test("stop asks first, then for the token, again while it is wrong; start needs it no more", async () => {
    const { page, errors } = await on.open();
    await page.getByRole("button", { name: "停止监控" }).click();
    await page.getByRole("button", { name: "不停止" }).click();
    assert.match(await page.locator("#controls ~ p").first().innerText(), /运行中/);

    await page.getByRole("button", { name: "停止监控" }).click();
    await page.locator("#stop-dialog").getByRole("button", { name: "停止监控" }).click();
    // No header can hold the first.
    for (const wrong of ["不是令牌", "wrong"]) {
      await page.getByLabel("令牌", { exact: true }).fill(wrong);
      await page.keyboard.press("Enter");
    }
    await page.getByText("令牌不对，请再核对一遍。").waitFor();
    assert.deepEqual(await accessibilityProblems(page), []);
    await page.getByLabel("令牌", { exact: true }).fill(on.token());
    await page.keyboard.press("Enter");
    await page.getByText("监控已停止。用完请马上启动。").waitFor();
    await eventuallySays(page, "#main", /主机和服务的监控已停止/);
    for (const name of ["CPU", "内存", "磁盘", "响应时间"]) {
      assert.match(await about(page, name).innerText(), /未知\s+—\s+监控已停止/, name);
    }

    await page.getByRole("button", { name: "启动监控" }).first().click();
    await page.getByText("监控已启动").waitFor();
    await eventually("it measures", async () => {
      await look(page);
      return /\d%/.test(await about(page, "CPU").innerText());
    });
    assert.deepEqual(errors({ failures: false }), []);
  });

  test("a test message, and what became of it through each robot", async () => {
    const { page } = await on.open();
    const [one = "", ...others] = on.story.wecom.keys.splice(0);
    on.story.wecom.keys.push(...others);
    await page.getByRole("button", { name: "发送测试消息" }).click();
    await page.getByLabel("令牌", { exact: true }).fill(on.token());
    await page.getByRole("button", { name: "确定" }).click();
    await page.getByText("已发出，请确认收到了").first().waitFor();
    on.story.wecom.keys.push(one);
    const result = await page.locator("#test-result").innerText();
    assert.equal(result.match(/✓ 企业微信群机器人（.+）：已发出/g)?.length, 2, result);
    assert.match(result, /✗ 企业微信群机器人（.+）：没有发出，密钥、账号或密码不对.*errcode 93000/);
    assert.ok(on.story.wecom.messages.some(({ content }) => content.includes("测试消息")));
  });

  test("an update leaves the focus, what is open and where one reads alone", async () => {
    const { page } = await on.open({ viewport: { width: 360, height: 640 } });
    await eventuallySays(page, "#verdict", /^1 个严重问题/);
    await page.getByRole("button", { name: "停止监控" }).focus();
    // A line more above moves the page, but nothing on the screen.
    const state = `[
      document.activeElement.id,
      Math.round(document.activeElement.getBoundingClientRect().top),
      document.querySelector('details').open,
      sessionStorage.length,
    ]`;
    const before = await page.evaluate(state);
    const clock = await page.locator("header .quiet").innerText();
    await eventually("a later clock", async () => {
      await look(page);
      return (await page.locator("header .quiet").innerText()) !== clock;
    });
    assert.deepEqual(await page.evaluate(state), before);
    assert.equal((before as unknown[])[0], "control");
  });

  test("what to do about the worst stands open, closed stays closed, and a worse one takes nothing away", async () => {
    const { page } = await on.open();
    await eventuallySays(page, "#verdict", /^1 个严重问题/);
    const problem = page.locator(".problem").filter({ hasText: "案件系统" });
    const isOpen = () => problem.locator("details[open]").isVisible();
    assert.equal(await isOpen(), true);
    await problem.locator("summary").click();
    await look(page);
    assert.equal(await isOpen(), false);
    await problem.locator("summary").click();
    await on.story.stack.kill("alertmanager");
    await eventuallySays(page, ".problem >> nth=0", /Alertmanager 没有应答/);
    assert.ok(await page.locator(".problem").first().locator("details[open]").isVisible());
    assert.equal(await isOpen(), true);
    const focused = await page.evaluate("document.activeElement.closest('.problem')?.innerText");
    assert.match(String(focused), /案件系统/);
  });

  test("after an upgrade it loads the new one's files", async () => {
    const { page } = await on.open();
    await page.evaluate("window.isOld = true");
    await look(page);
    assert.equal(await page.evaluate("window.isOld"), true);
    const upgraded = async (route: Route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        body: (await response.text()).replaceAll(/assets\/\w+\//g, "assets/upgraded/"),
      });
    };
    await page.route(({ pathname }) => pathname === "/", upgraded);
    await Promise.all([page.waitForEvent("load", { timeout: 10_000 }), look(page)]);
    assert.equal(await page.evaluate("window.isOld"), undefined);
    assert.equal(await page.locator('script[src^="assets/upgraded/"]').count(), 2);
  });

  test("Prometheus is down: the page comes at once, judges nothing and says what to do", async () => {
    await on.story.stack.kill("prometheus");
    const begun = Date.now();
    const { page, errors } = await on.open();
    assert.ok(Date.now() - begun < 5000);
    assert.match(await verdict(page).innerText(), /个严重问题/);
    assert.match(await page.locator(".problem").first().innerText(), /Prometheus 没有应答\s.*npm start/s);
    assert.match(await about(page, "CPU").innerText(), /无法判断/);
    assert.match(await page.locator("main").innerText(), /现在有哪些告警不知道/);
    await page.getByText("曲线取不到").waitFor();
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.deepEqual(errors({ failures: false }), []);
  });

  test("the relay and Alertmanager are down: nothing is green that they alone know", async () => {
    await on.story.stack.kill("relay");
    await on.story.stack.kill("alertmanager");
    const { page } = await on.open();
    const text = await page.locator("main").innerText();
    assert.match(text, /告警转发 没有应答/);
    assert.match(text, /Alertmanager 没有应答/);
    assert.match(text, /通知情况未知/);
    assert.match(text, /未知：告警转发没有应答，历史取不到/);
    assert.equal(await page.locator("#channels ~ .rows .badge.good").count(), 0);
  });

  test("the exporter is down: what is shown is said to be old, and no verdict stands", async () => {
    const { page } = await on.open();
    await on.story.stack.kill("exporter");
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByText("采集程序没有应答。", { exact: true }).waitFor();
    assert.equal(await verdict(page).isVisible(), false);
    assert.match(await page.title(), /不知道/);
    assert.match(
      await page.locator("#stale").innerText(),
      /不知道现在是否正常\s.*下面是 \d\d:\d\d:\d\d 的情况.*npm start/s,
    );
    assert.deepEqual(await accessibilityProblems(page), []);
    await on.story.stack.up();
    await eventually("it is up to date again", () => verdict(page).isVisible());
    assert.equal(await page.locator("#stale").isVisible(), false);
  });
});
