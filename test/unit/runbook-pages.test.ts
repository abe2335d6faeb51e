import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startExporter } from "./support/exporter.ts";

suite("GET /runbooks/:alert", () => {
  test("a page in a browser, the text itself in a terminal", async (t) => {
    const { url } = await startExporter(t);
    const ask = (accept: string) => fetch(`${url}/runbooks/ServiceDown`, { headers: { Accept: accept } });
    const page = await ask("text/html,application/xhtml+xml,*/*;q=0.8");
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(await page.text(), /<h1>ServiceDown：服务无法访问<\/h1>/);
    const plain = await ask("*/*");
    assert.match(plain.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(await plain.text(), /^# ServiceDown：服务无法访问\n/);
  });

  test("without one, a browser is told so and led to those that there are", async (t) => {
    const { url } = await startExporter(t);
    const ask = (name: string, accept: string) =>
      fetch(`${url}/runbooks/${name}`, { headers: { Accept: accept } });
    const page = await ask("%3Cb%3E", "text/html");
    assert.deepEqual([page.status, page.headers.get("content-type")], [404, "text/html; charset=utf-8"]);
    const text = await page.text();
    assert.match(text, /没有名为“&#60;b&#62;”的处理手册/);
    assert.match(text, /<a href="ServiceDown">ServiceDown：服务无法访问<\/a>/);
    const plain = await ask("none", "*/*");
    assert.deepEqual([plain.status, await plain.json()], [404, { error: "no such route" }]);
  });
});
