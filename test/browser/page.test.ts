import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import {
  findChromium,
  launchChromium,
  openPage,
  type WatchedPage,
  WITHOUT_CHROMIUM,
} from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Story, startStory } from "../helpers/story.ts";
import { accessibilityProblems, look, overflow } from "./support.ts";

/** A name that config.ini takes, and a text that may come from anywhere. */
const SERVICE = "<script>alert(1)</script>";
const HOSTILE = "<img src=x onerror=alert(2)>";

suite("the management page, in a browser", { skip: findChromium() === undefined && WITHOUT_CHROMIUM }, () => {
  let story: Story;
  let browser: Browser;
  const opened: WatchedPage[] = [];

  before(async () => {
    story = await startStory({}, (text) => `${text}\n${SERVICE} = http://localhost:1/\n`);
    browser = await launchChromium();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((page) => page.close()));
    // After a test that failed half way, too.
    await story.stack.up();
  });

  after(async () => {
    await browser.close();
    await story.end();
  });

  async function open(options?: BrowserContextOptions, path = "/"): Promise<WatchedPage> {
    const watched = await openPage(browser, story.stack.urls.exporter + path, options);
    opened.push(watched);
    return watched;
  }

  const token = () => story.stack.env().EXPORTER_TOKEN ?? "";
  const verdict = (page: Page) => page.locator("#verdict");
  /** The row or tile that is about something. */
  const about = (page: Page, name: string) =>
    page.locator(".tile, .rows > li").filter({ hasText: name }).first();

  async function eventuallySays(page: Page, selector: string, text: RegExp): Promise<void> {
    await eventually(`${selector} says ${text}`, async () => {
      await look(page);
      return text.test((await page.locator(selector).innerText()) ?? "");
    });
  }

  test("asks nobody else, breaks none of its own rules, and everybody can use it", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, errors, strangers } = await open({ colorScheme });
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
      const { page } = await open({ viewport: { width, height } });
      await page.waitForSelector(".plot canvas");
      assert.equal(await overflow(page), 0, `${width}`);
      for (const summary of await page.locator("summary").all()) await summary.click();
      assert.equal(await overflow(page), 0, `${width}, all opened`);
    }
  });

  test("what anybody may have written is text", async () => {
    await eventually("the alert is told", () =>
      story.wecom.messages.some(({ content }) => content.includes("无法访问")),
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
    const response = await fetch(`${story.stack.urls.relay}/alerts`, {
      method: "POST",
      headers: { Authorization: `Bearer ${story.stack.env().RELAY_TOKEN}` },
      body: JSON.stringify({ version: "4", status: "resolved", alerts: [{ ...alert, ...times }] }),
    });
    assert.equal(response.status, 200);
    const { page, errors, popups } = await open();
    const text = await page.locator("main").innerText();
    assert.ok(text.includes(`服务 ${SERVICE} 无法访问`));
    assert.ok(text.includes(`${HOSTILE}'"`));
    assert.equal(await page.locator("main img, main b, main script").count(), 0);
    assert.equal(await page.locator('[href^="javascript" i]').count(), 0);
    assert.deepEqual(errors(), []);
    assert.deepEqual(popups, []);
  });

  test("holds no secret", async () => {
    const { page } = await open();
    const content = await page.content();
    const secrets = Object.entries(story.stack.env()).filter(([name]) => /TOKEN|PASSWORD|KEY/.test(name));
    assert.ok(secrets.length >= 4);
    for (const [name, secret = ""] of secrets)
      for (const one of secret.split(",")) assert.ok(!content.includes(one), name);
  });

  test("says all of it without a script", async () => {
    const { page } = await open({ javaScriptEnabled: false });
    assert.match(await verdict(page).innerText(), /^1 个严重问题/);
    assert.match(await about(page, "CPU").innerText(), /\d%/);
    assert.match(await about(page, "企业微信群机器人").innerText(), /正常|没有送达|还没有用过/);
    assert.match(await page.locator("main").innerText(), /图表需要 JavaScript/);
  });

  test("stop asks first, then for the token, again while it is wrong; start needs it no more", async () => {
    const { page, errors } = await open();
    await page.getByRole("button", { name: "停止监控" }).click();
    await page.getByRole("button", { name: "不停止" }).click();
    assert.match(await page.locator("#controls ~ p").first().innerText(), /运行中/);

    await page.getByRole("button", { name: "停止监控" }).click();
    await page.locator("#stop-dialog").getByRole("button", { name: "停止监控" }).click();
    await page.getByLabel("令牌", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("令牌不对，请再核对一遍。").waitFor();
    assert.deepEqual(await accessibilityProblems(page), []);
    await page.getByLabel("令牌", { exact: true }).fill(token());
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
    const { page } = await open();
    const [one = "", ...others] = story.wecom.keys.splice(0);
    story.wecom.keys.push(...others);
    await page.getByRole("button", { name: "发送测试消息" }).click();
    await page.getByLabel("令牌", { exact: true }).fill(token());
    await page.getByRole("button", { name: "确定" }).click();
    await page.getByText("已发出，请确认收到了").first().waitFor();
    story.wecom.keys.push(one);
    const result = await page.locator("#test-result").innerText();
    assert.equal(result.match(/✓ 企业微信群机器人（.+）：已发出/g)?.length, 2, result);
    assert.match(result, /✗ 企业微信群机器人（.+）：没有发出，密钥、账号或密码不对.*errcode 93000/);
    assert.ok(story.wecom.messages.some(({ content }) => content.includes("测试消息")));
  });

  test("an update leaves the focus, what is open and where one reads alone", async () => {
    const { page } = await open({ viewport: { width: 360, height: 640 } });
    await page.locator("summary").first().click();
    await page.getByRole("button", { name: "停止监控" }).focus();
    const state =
      "[document.activeElement.id, scrollY, document.querySelector('details').open, sessionStorage.length]";
    const before = await page.evaluate(state);
    const clock = await page.locator("header .quiet").innerText();
    await eventually("a later clock", async () => {
      await look(page);
      return (await page.locator("header .quiet").innerText()) !== clock;
    });
    assert.deepEqual(await page.evaluate(state), before);
    assert.equal((before as unknown[])[0], "control");
  });

  test("Prometheus is down: the page comes at once, judges nothing and says what to do", async () => {
    await story.stack.kill("prometheus");
    const begun = Date.now();
    const { page, errors } = await open();
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
    await story.stack.kill("relay");
    await story.stack.kill("alertmanager");
    const { page } = await open();
    const text = await page.locator("main").innerText();
    assert.match(text, /告警转发 没有应答/);
    assert.match(text, /Alertmanager 没有应答/);
    assert.match(text, /通知情况未知/);
    assert.match(text, /未知：告警转发没有应答，历史取不到/);
    assert.equal(await page.locator("#channels ~ .rows .badge.good").count(), 0);
  });

  test("the exporter is down: what is shown is said to be old, and no verdict stands", async () => {
    const { page } = await open();
    await story.stack.kill("exporter");
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByText("采集程序没有应答。", { exact: true }).waitFor();
    assert.equal(await verdict(page).isVisible(), false);
    assert.match(await page.title(), /不知道/);
    assert.match(
      await page.locator("#stale").innerText(),
      /不知道现在是否正常\s.*下面是 \d\d:\d\d:\d\d 的情况.*npm start/s,
    );
    assert.deepEqual(await accessibilityProblems(page), []);
    await story.stack.up();
    await eventually("it is up to date again", () => verdict(page).isVisible());
    assert.equal(await page.locator("#stale").isVisible(), false);
  });

  test("a runbook is a page that fits a phone", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, errors, strangers } = await open(
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
