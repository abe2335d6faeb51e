import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { readArchive, type Source } from "../../scripts/backup/archive.ts";
import { ArchiveError } from "../../scripts/backup/archive-error.ts";
import { FACTS, saveSources } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";
import { fillDisk, mountDisk } from "./support/small-disk.ts";

const TEXTS: Source[] = [
  { name: "config.ini", text: "[monitoring]\n" },
  { name: "alertmanager/silences", text: "" },
  { name: "prometheus/wal/00000001", text: "samples ".repeat(1000) },
];

async function archive(t: TestContext): Promise<string> {
  const file = join(temporaryFolder(t), "backup.tar.gz");
  await saveSources(file, TEXTS, { facts: { ...FACTS, variables: ["EXPORTER_TOKEN"] } });
  return file;
}

/** Writes an archive anew. @param change of the tar file within, byte for byte */
function edit(file: string, change: (tar: Buffer) => Buffer): void {
  writeFileSync(file, gzipSync(change(gunzipSync(readFileSync(file)))));
}

function replace(from: string, to: string): (tar: Buffer) => Buffer {
  return (tar) => {
    assert.equal(from.length, to.length);
    const text = tar.toString("latin1");
    assert.ok(text.includes(from), from);
    return Buffer.from(text.replace(from, to), "latin1");
  };
}

function refused(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ArchiveError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

test("what was packed is read again: every name, size and checksum, and what else is known", async (t) => {
  const file = await archive(t);
  const contents: Record<string, string> = {};
  let name = "";
  const manifest = await readArchive(file, {
    begin(begun) {
      name = begun;
      contents[name] = "";
    },
    async write(piece) {
      contents[name] = contents[name] + Buffer.from(piece).toString();
    },
    async end() {},
  });
  assert.deepEqual(
    contents,
    Object.fromEntries(TEXTS.map((source) => [source.name, "text" in source && source.text])),
  );
  assert.deepEqual(manifest.variables, ["EXPORTER_TOKEN"]);
});

test("its folder's group can read it where the umask lets it: natively nobody but its owner, of containers the operator", async (t) => {
  const before = process.umask();
  t.after(() => process.umask(before));
  for (const [umask, mode] of [
    [0o077, 0o600],
    [0o007, 0o640],
  ] as const) {
    process.umask(umask);
    assert.equal(statSync(await archive(t)).mode & 0o777, mode);
  }
});

test("an ordinary tar can unpack it", async (t) => {
  const listed = execFileSync("tar", ["-tzf", await archive(t)], { encoding: "utf8" });
  assert.equal(listed, "config.ini\nalertmanager/silences\nprometheus/wal/00000001\nmanifest.json\n");
});

describe("refused, with what is wrong", () => {
  test("one byte changed, wherever it is", async (t) => {
    const file = await archive(t);
    const whole = readFileSync(file);
    // Before it are the flags and the time of gzip's header, which are of no account.
    for (let at = 10; at < whole.length; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      writeFileSync(file, damaged);
      await assert.rejects(readArchive(file), refused(/损坏|不完整|不符|缺少|不认识|清单/), `byte ${at}`);
    }
  });

  test("its end missing, wherever it ends", async (t) => {
    const file = await archive(t);
    for (let length = statSync(file).size - 1; length > 0; length -= 11) {
      truncateSync(file, length);
      await assert.rejects(readArchive(file), refused(/不完整/), `${length} bytes`);
    }
  });

  const cases: [string, (tar: Buffer) => Buffer, RegExp][] = [
    [
      "a file changed and packed again",
      replace("samples ", "Samples "),
      /prometheus\/wal\/00000001 与清单不符/,
    ],
    ["no manifest", (tar) => Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(1024)]), /没有清单/],
    [
      "the manifest of a newer program",
      replace('"format": 1', '"format": 2'),
      /备份的格式是 2，这里的程序只认识到 1/,
    ],
    ["no tar file", () => Buffer.alloc(2000, "x"), /目录已损坏/],
    ["two archives, one behind the other", (tar) => Buffer.concat([tar, tar]), /^已损坏$/],
  ];
  for (const [title, change, message] of cases) {
    test(title, async (t) => {
      const file = await archive(t);
      edit(file, change);
      await assert.rejects(readArchive(file), refused(message));
    });
  }

  test("a database of a newer program", async (t) => {
    const file = join(temporaryFolder(t), "backup.tar.gz");
    const facts = { ...FACTS, databases: { "relay/relay.db": 99 } };
    await assert.rejects(
      saveSources(file, TEXTS, { facts }),
      refused(/数据库 relay\/relay\.db 的版本是 99，这里的程序只认识到 \d+：请先把程序更新到备份时的版本/),
    );
  });

  for (const name of ["../../etc/passwd", "/etc/passwd", "prometheus/../../x", "prometheus/.restore-old/x"]) {
    test(`a file called ${name}: it is handed to nobody`, async (t) => {
      const file = join(temporaryFolder(t), "backup.tar.gz");
      await assert.rejects(saveSources(file, [...TEXTS, { name, text: "x" }]), ArchiveError);
      assert.ok(!existsSync(file));
    });
  }

  test("what is no archive at all", async (t) => {
    const folder = temporaryFolder(t);
    await assert.rejects(readArchive(join(folder, "none")), refused(/找不到这个文件/));
    await assert.rejects(readArchive(folder), refused(/这是一个目录/));
    await assert.rejects(readArchive("/dev/null/backup"), refused(/^读不出来（ENOTDIR）$/));
    writeFileSync(join(folder, "text"), "hello, this is only text");
    await assert.rejects(readArchive(join(folder, "text")), refused(/不是备份文件，或者已损坏/));
  });
});

test("what goes wrong with the files that it hands out is not told of the archive", async (t) => {
  const file = await archive(t);
  for (const error of [new Error("interrupted"), Object.assign(new Error("full"), { code: "ENOSPC" })]) {
    const fail = () => Promise.reject(error);
    for (const failing of [{ begin: fail }, { write: fail }, { end: fail }]) {
      const unpacking = { begin() {}, async write() {}, async end() {}, ...failing };
      await assert.rejects(readArchive(file, unpacking), (thrown) => thrown === error);
    }
  }
});

describe("there is a whole archive under its name, or none", () => {
  test("interrupted: nothing is left", async (t) => {
    const folder = temporaryFolder(t);
    const interruption = new AbortController();
    const sources = [...TEXTS, ...TEXTS];
    const saving = saveSources(join(folder, "backup.tar.gz"), sources, { signal: interruption.signal });
    interruption.abort(new Error("interrupted"));
    await assert.rejects(saving);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("the disk full: told as that, and nothing is left", async (t) => {
    const disk = mountDisk(t);
    const large = join(temporaryFolder(t), "large");
    writeFileSync(large, crypto.getRandomValues(new Uint8Array(65536)));
    const sources = Array.from({ length: 80 }, (_, index) => ({
      name: `prometheus/wal/${index}`,
      path: large,
    }));
    fillDisk(disk, 1024 * 1024);
    await assert.rejects(
      saveSources(join(disk, "backup.tar.gz"), sources),
      new RegExp(`磁盘已满：请在 ${disk} 腾出空间`),
    );
    assert.deepEqual(readdirSync(disk), ["filler"]);
  });

  test("what should be the folder is none: told as that", async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, "file");
    writeFileSync(file, "");
    symlinkSync("nowhere", join(folder, "link"));
    for (const [place, code] of [
      [file, "EEXIST"],
      [join(file, "below"), "ENOTDIR"],
      [join(folder, "link"), "ENOENT"],
    ] as const)
      await assert.rejects(
        saveSources(join(place, "backup.tar.gz"), TEXTS),
        new RegExp(`^StackError: ${place} 不能用作目录（${code}）：请在 .env 里把 BACKUP_DIR 换成一个目录，`),
      );
  });

  test("what a killed one left is cleared up; the files of others on the disk are theirs", async (t) => {
    const folder = temporaryFolder(t);
    const kept = [
      "photos.partial",
      "thesis.partial.d",
      "backup-notes.tar.gz.partial",
      // In a container another kind can be at work at the same time.
      "daily-20260101-030000.tar.gz.partial",
    ];
    for (const name of kept) writeFileSync(join(folder, name), "of others");
    writeFileSync(join(folder, "backup-20260101-000000.tar.gz.partial"), "half");
    mkdirSync(join(folder, "backup-20260101-000000.tar.gz.partial.d"));
    const name = "backup-20260102-000000.tar.gz";
    await saveSources(join(folder, name), TEXTS);
    assert.deepEqual(readdirSync(folder).sort(), [...kept, name].sort());
  });
});
