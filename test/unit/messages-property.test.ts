import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import fc from "fast-check";
import { type ParsedMail, simpleParser } from "mailparser";
import nodemailer from "nodemailer";
import { type Alert, isCritical } from "../../alertmanager/relay/alert.ts";
import type { Mail } from "../../alertmanager/relay/channels/email/render.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { anyAlerts } from "./support/any-alerts.ts";
import { APPLICATION, MAIL, ROBOT, type Subject } from "./support/channels.ts";
import { testWording } from "./support/wording.ts";

const RUNS = 150;
const WORDING = testWording();
/** Everything that somebody's reader might take for the end of a line. */
const BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** What WeCom would obey. */
const SIGNS = "<>[\\]*`#\\\\";
const PLAIN = `[^${SIGNS}\\p{Cc}\\p{Bidi_Control}]*`;
const pattern = (source: string) => new RegExp(`^${source}$`, "u");
const HEADING =
  '(?:🔴 <font color="warning">|✅ <font color="info">|❔ <font color="comment">)\\*\\*[\\p{L}（）]+\\*\\*</font>';
const LINK = "\\[(?:仪表盘|处理手册|静默|全部告警)\\]\\(https?://[^()\\s<>\\p{Cc}]+\\)";
const HEAD = pattern(`${HEADING} \\*\\*${PLAIN}\\*\\*`);
const FACT = pattern(`> (?:说明|注意|服务|磁盘|实例|告警时间|恢复时间|持续时间)：${PLAIN}`);
const LINKS = pattern(`> ${LINK}(?:　${LINK})*`);
const TITLE = /^\*\*告警较多，合并通知：待通知 (\d+) 条\*\*$/;
const SECTION = pattern(HEADING);
const NAMED = pattern(`> ${PLAIN}`);
const COUNTED = pattern(`另有${PLAIN} (\\d+) 条`);
const LATER = pattern(`还有 (\\d+) 条${PLAIN}`);
const ALL = pattern(LINK);

for (const subject of [ROBOT, APPLICATION]) {
  suite(`${subject.name}: whatever the alerts say`, () => {
    const channel = subject.create("127.0.0.1:1");

    test("in full, each has its heading and all of its facts, and no line is of their making", (t) => {
      check(t, anyAlerts(8), (alerts) => {
        const { content, covers } = channel.compose(alerts);
        const text = whole(subject, content);
        const told = text.split("\n\n");
        assert.equal(told.length, covers);
        for (const [index, block] of told.entries()) assertTold(block, alerts[index] as Alert);
      });
    });

    test("merged, each is named or counted, the counts add up, and no line is of their making", (t) => {
      check(t, fc.tuple(anyAlerts(80), fc.boolean()), ([given, countsRest]) => {
        const alerts = given.toSorted((a, b) => Number(isCritical(b)) - Number(isCritical(a)));
        const { content, covers } = channel.composeDigest({ alerts, countsRest });
        const [title = "", ...lines] = whole(subject, content).split("\n");
        assert.equal(Number(TITLE.exec(title)?.[1]), alerts.length);
        assert.match(lines.pop() ?? "", ALL);
        assertAddsUp(lines, alerts, covers, countsRest);
      });
    });

    test("merged, the numbers of many kinds with the longest of names leave room for each other", () => {
      for (const name of ["😀", "<", "律", "👩‍⚖️"].map((character) => character.repeat(40))) {
        const posted = Array.from({ length: 60 }, (_, index) =>
          resolved({ ...firing(`${index}${name}`), annotations: { doubt: "?", summary: name.repeat(5) } }),
        );
        const alerts = parseWebhook(webhook(...posted));
        for (let count = 1; count <= alerts.length; count += 1) {
          const given = alerts.slice(0, count);
          const { content, covers } = channel.composeDigest({ alerts: given, countsRest: true });
          assertAddsUp(whole(subject, content).split("\n").slice(1, -1), given, covers, true);
        }
      }
    });
  });
}

suite("mail: whatever the alerts say", () => {
  const channel = MAIL.create("127.0.0.1:1");

  test("in full, each has its heading and all of its facts, and no line is of their making", (t) => {
    check(t, anyAlerts(8), (alerts) => {
      const { content, covers } = channel.compose(alerts) as { content: Mail; covers: number };
      assertMail(content);
      const told = content.text.split("\n\n");
      assert.equal(told.length, covers);
      for (const [index, block] of told.entries()) {
        const [heading = "", ...lines] = block.split("\n");
        const alert = alerts[index] as Alert;
        assert.ok(heading.startsWith(`【${WORDING.heading(alert)}】`), heading);
        const names = lines.map((line) => line.split("：")[0]);
        const facts = WORDING.facts(alert).map(([name]) => name);
        assert.deepEqual(names.slice(0, facts.length), facts);
        for (const link of lines.slice(facts.length)) assert.match(link, /^(仪表盘|处理手册|静默)：https?:/);
      }
      assert.equal(content.html.match(/<h3 /g)?.length, covers);
    });
  });

  test("merged, each is named or counted, and no line is of their making", (t) => {
    check(t, anyAlerts(80), (alerts) => {
      const { content, covers } = channel.composeDigest({ alerts, countsRest: false });
      const { text, html } = content as Mail;
      assertMail(content as Mail);
      assert.equal(covers, alerts.length);
      const lines = text.split("\n").slice(1);
      assert.equal(lines.pop(), `全部告警：${WORDING.historyUrl}`);
      for (const line of lines) assert.match(line, /^$|^【[\p{L}（）]+】$|^· /u);
      assert.equal(lines.filter((line) => line.startsWith("· ")).length, covers);
      assert.equal(html.match(/<div>· /g)?.length, covers);
    });
  });

  test("no header, no recipient and no part of a mail is of their making", async (t) => {
    const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
    await fc.assert(
      fc.asyncProperty(anyAlerts(3), async (alerts) => {
        const { thread: _, ...content } = channel.compose(alerts).content as Mail;
        const sent = await transport.sendMail({ from: "m@example.com", to: "ops@example.com", ...content });
        const mail = await simpleParser(sent.message as Buffer);
        assert.deepEqual([...mail.headers.keys()].sort(), HEADERS);
        assert.deepEqual(addresses(mail), ["ops@example.com"]);
        assert.deepEqual(sent.envelope.to, ["ops@example.com"]);
        assert.equal(mail.subject?.trim(), content.subject.trim());
        assert.equal(mail.text?.trim(), content.text.trim());
        assert.equal((mail.html || "").trim(), content.html.trim());
      }),
      { numRuns: RUNS, seed: seedOf(t) },
    );
  });
});

const HEADERS = ["content-type", "date", "from", "message-id", "mime-version", "subject", "to"];

function addresses({ to, cc, bcc }: ParsedMail): (string | undefined)[] {
  return [to, cc, bcc].flat().flatMap((list) => list?.value.map(({ address }) => address) ?? []);
}

function check<T>(t: TestContext, arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: RUNS, seed: seedOf(t) });
}

function seedOf(t: TestContext): number {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  return seed;
}

/** The markdown, as it may be sent. */
function whole(subject: Subject, content: unknown): string {
  const [text = ""] = subject.texts(content);
  assert.ok(Buffer.byteLength(text) <= subject.limit, `${Buffer.byteLength(text)} bytes`);
  assert.ok(text.isWellFormed());
  assert.equal(text.split(BREAK).length, text.split("\n").length, "another line break");
  return text;
}

function assertTold(block: string, alert: Alert): void {
  const [head = "", ...lines] = block.split("\n");
  assert.match(head, HEAD);
  assert.ok(head.includes(`**${WORDING.heading(alert)}**</font>`), head);
  const facts = WORDING.facts(alert).map(([name]) => name);
  for (const [index, line] of lines.entries()) {
    if (index >= facts.length) assert.match(line, LINKS);
    else assert.ok(FACT.test(line) && line.startsWith(`> ${facts[index]}：`), line);
  }
  assert.ok(lines.length === facts.length || lines.length === facts.length + 1, block);
}

/** As many are named as the message says it settles by name, and the others are in its numbers. */
function assertAddsUp(lines: string[], alerts: Alert[], covers: number, countsRest: boolean): void {
  let [named, counted, later] = [0, 0, 0];
  for (const line of lines) {
    if (NAMED.test(line)) named += 1;
    else if (COUNTED.test(line)) counted += Number(COUNTED.exec(line)?.[1]);
    else if (LATER.test(line)) later += Number(LATER.exec(line)?.[1]);
    else assert.match(line, SECTION);
  }
  const rest = alerts.slice(covers);
  const expected = countsRest ? rest.filter((alert) => !isCritical(alert)).length : 0;
  assert.deepEqual([named, counted, later], [covers, expected, rest.length - expected]);
}

const TAGS = [
  /^<!doctype html>$/,
  /^<meta charset="utf-8">$/,
  /^<(html|body|div|h2|h3|p|span|td)( (lang|style)="[\w\s:;.#()-]+")?>$/,
  /^<\/?(html|body|div|h2|h3|p|span|table|tr|td|a)>$/,
  /^<table style="[\w:;-]+">$/,
  /^<a href="https?:\/\/[^"<>]+">$/,
];

/** Nothing in it that a reader would obey, but for what the template says. */
function assertMail({ subject, text, html }: Mail): void {
  for (const part of [subject, text, html]) {
    assert.ok(part.isWellFormed());
    assert.equal(part.split(BREAK).length, part.split("\n").length, "another line break");
    assert.doesNotMatch(part, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
  }
  assert.doesNotMatch(subject, /\n/);
  assert.ok(subject.length <= 250, `a subject of ${subject.length} characters`);
  const tags = html.match(/<[^>]*>/g) ?? [];
  for (const tag of tags)
    assert.ok(
      TAGS.some((known) => known.test(tag)),
      tag,
    );
  const open = tags.filter((tag) => /^<[a-z]/.test(tag) && !tag.startsWith("<meta")).length;
  assert.equal(tags.filter((tag) => tag.startsWith("</")).length, open, "tags are balanced");
}
