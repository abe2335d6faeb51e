import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMounts } from "../../exporter/collectors/mounts.ts";
import { readFixture } from "./support/golden.ts";

test("mounts of a host are its real file systems, each once by its shortest path", () => {
  assert.deepEqual(parseMounts(readFixture("mountinfo/host.txt"), "/"), [
    { id: "28", mountpoint: "/", device: "/dev/sda1", fstype: "ext4" },
    { id: "31", mountpoint: "/boot", device: "/dev/sda2", fstype: "ext4" },
    { id: "34", mountpoint: "/a", device: "/dev/sdb1", fstype: "xfs" },
    { id: "35", mountpoint: "/mnt/nas", device: "nas.example.com:/export", fstype: "nfs4" },
  ]);
});

test("mount points have their blanks and backslashes back", () => {
  const line = readFixture("mountinfo/host.txt")
    .split("\n")
    .find((candidate) => candidate.includes("/srv/"));
  assert.deepEqual(places(line ?? ""), ["/srv/my files\\new"]);
});

test("mounts seen from a container are the host's, as the host names them", () => {
  assert.deepEqual(parseMounts(readFixture("mountinfo/container.txt"), "/host"), [
    { id: "640", mountpoint: "/", device: "/dev/sda1", fstype: "ext4" },
    { id: "642", mountpoint: "/srv/data", device: "/dev/sdb1", fstype: "xfs" },
  ]);
});

test("mounts of a container that sees no host are its own root and what it was given", () => {
  const mounts = parseMounts(readFixture("mountinfo/container.txt"), "/");
  assert.deepEqual(mounts[0], { id: "611", mountpoint: "/", device: "overlay", fstype: "overlay" });
  assert.deepEqual(places(readFixture("mountinfo/container.txt")), [
    "/",
    "/host",
    "/host/srv/data",
    "/hosted",
  ]);
});

test("a mount that no path leads to any more is left out: its path shows another one's figures", () => {
  assert.deepEqual(parseMounts(readFixture("mountinfo/hidden.txt"), "/"), [
    { id: "28", mountpoint: "/", device: "/dev/sda1", fstype: "ext4" },
    { id: "41", mountpoint: "/srv", device: "/dev/sdd1", fstype: "xfs" },
    { id: "51", mountpoint: "/mnt/nas", device: "nas.example.com:/export", fstype: "nfs4" },
  ]);
});

test("what is mounted by a program counts, what only shows another one's files does not", () => {
  const line = (fstype: string, index: number) =>
    `${index} 28 0:${index} / /mnt/${fstype} rw - ${fstype} it rw`;
  const types = ["fuse", "fuse.sshfs", "fuseblk", "btrfs", "zfs", "fuse.lxcfs", "fuse.snapfuse", "squashfs"];
  assert.deepEqual(places(types.map(line).join("\n")), [
    "/mnt/fuse",
    "/mnt/fuse.sshfs",
    "/mnt/fuseblk",
    "/mnt/btrfs",
    "/mnt/zfs",
  ]);
});

function places(mountinfo: string): string[] {
  return parseMounts(mountinfo, "/").map(({ mountpoint }) => mountpoint);
}
