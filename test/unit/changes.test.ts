import assert from "node:assert/strict";
import { test } from "node:test";
import { describeChanges } from "../../scripts/stack/changes.ts";
import { renderer } from "./support/rendering.ts";

const INI = "[monitoring]\nalert_threshold_cpu = 80 ; 百分比\ntimezone = UTC\n[services]\nold = http://a/\n";

test("values are told by section and key, comments are not", (t) => {
  const { render } = renderer(t);
  const before = render({ configText: INI });
  const text = INI.replace("80 ; 百分比", "70.5").replace("timezone = UTC\n", "").replace("old =", "客服 =");
  const after = render({ configText: text });
  assert.deepEqual(describeChanges(before.folder, after.folder), [
    "[monitoring] alert_threshold_cpu：80 → 70.5",
    "[monitoring] timezone：去掉了，原来是 UTC",
    "[services] old：去掉了，原来是 http://a/",
    "[services] 客服：新增 http://a/",
  ]);
  const commented = render({ configText: INI.replace("百分比", "%") });
  assert.deepEqual(describeChanges(before.folder, commented.folder), []);
});

test("other files are told by name, thresholds by their values", (t) => {
  const { render } = renderer(t);
  const before = render();
  const thresholds = {
    responseTime: 5,
    errorRate: 0.1,
    cpu: 1,
    memory: 80,
    disk: 90,
    diskFullHours: 24,
    errorRateMinMessages: 10,
    messageGrowth: 5,
    messageGrowthFloor: 20,
  };
  const after = render({ config: { thresholds }, relayTokenFile: "/secrets/relay_token" });
  assert.deepEqual(describeChanges(before.folder, after.folder), ["文件：alertmanager/alertmanager.yml"]);
});
