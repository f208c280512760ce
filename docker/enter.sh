#!/bin/sh
# Runs a command in a root of its own, without privileges: the machine's own /usr, /etc and devices stand for the base image, with
# another Node.js in its place, over the folder ROOT, which holds the rest.
# Usage: enter.sh ROOT NODE build|offline|run WORKDIR COMMAND…
#   build    as root of a namespace of users; what belongs to somebody cannot be given away there, so chown does nothing
#   offline  the same without a network
#   run      as the user 10001, with everything read-only but the volume and an empty /tmp
set -eu
if [ "${ENTERED:-}" = '' ]; then
  network=""
  [ "$3" = offline ] && network=--net
  ENTERED=1 exec unshare --user --map-root-user --mount $network -- "$0" "$@"
fi
unset ENTERED
root=$1 node=$2 mode=$3 workdir=$4
shift 4
mount --bind "$root" "$root"
for name in usr etc dev proc sys; do mkdir -p "$root/$name"; mount --rbind "/$name" "$root/$name"; done
for name in bin sbin lib lib64; do [ -L "$root/$name" ] || ln -s "usr/$name" "$root/$name"; done
mount --bind "$node" "$root$(command -v node)"
if [ "$mode" != run ]; then
  mkdir -p "$root/tmp"
  mount --bind /bin/true "$root/usr/bin/chown"
else
  mount -t tmpfs -o size=64m tmpfs "$root/tmp"
  mount --bind "$root/var/lib/tuberlens" "$root/var/lib/tuberlens"
  mount -o remount,bind,ro "$root"
fi
mkdir -p "$root/.old" 2> /dev/null || true
cd "$root"
pivot_root . .old
umount -l /.old
cd "$workdir"
[ "$mode" = run ] || exec "$@"
exec unshare --user --map-user=10001 --map-group=10001 -- "$@"
