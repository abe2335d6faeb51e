#!/bin/bash
# Boots the machine's own systemd in the namespaces that this script was started in: PROJECT under /opt/monitoring, and
# over everything a layer in memory, so that nothing outside changes. $1 is an empty folder. With "try" as $3 it ends
# before systemd begins.
set -euo pipefail
layers=$1 project=$2 try=${3:-}
mount --make-rprivate /
mount -t tmpfs tmpfs "$layers"
root=$layers/root
mkdir -p "$layers"/{up,work,opt-up,opt-work} "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/up,workdir=$layers/work" "$root"
mkdir -p "$root/opt/monitoring"
mount -t overlay overlay -o "lowerdir=$project,upperdir=$layers/opt-up,workdir=$layers/opt-work" "$root/opt/monitoring"
mount -t proc proc "$root/proc"
# What the kernel has only one of is not this machine's to change.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/$device"; done
mkdir "$root/dev/"{shm,pts,mqueue,hugepages}
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t sysfs -o ro sysfs "$root/sys"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
units=$root/etc/systemd/system
for unit in systemd-{sysctl,binfmt,modules-load,remount-fs,udevd,udev-trigger,hwdb-update,sysusers,tmpfiles-setup,tmpfiles-setup-dev,machine-id-commit,networkd,timesyncd,logind,resolved,random-seed}.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-{debug,tracing,config}.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.{automount,mount} \
  cron.service docker.service docker.socket containerd.service ssh.service getty.target console-getty.service; do
  ln -sf /dev/null "$units/$unit"
done
# Of what the machine has enabled nothing is wanted here.
rm -rf "$units"/*.wants
ip link set lo up
export container=other
# Not chroot: whoever enters the namespace later would stand outside.
mkdir "$root/run/outside"
cd "$root"
pivot_root . run/outside
umount --lazy /run/outside
[ -z "$try" ] || exit 0
exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal
