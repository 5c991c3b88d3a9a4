#!/usr/bin/env bash
# A base image of this machine's own busybox and tini, without a network: offline_base.sh REFERENCE LABEL
# Its layer is the same whenever it is made from the same files.
set -euo pipefail
reference=$1 label=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,etc,srv,tmp,usr/bin,usr/share/image}
cp /bin/busybox "$root/bin/busybox"
cp /usr/bin/tini "$root/usr/bin/tini"
for applet in $(/bin/busybox --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
# ldd names the libraries and the loader by their absolute paths; the vdso is no file.
for library in $(ldd /usr/bin/tini | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
printf 'root:x:0:0::/root:/bin/sh\napp:x:10001:10001::/srv:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\napp:x:10001:\n' >"$root/etc/group"
(cd "$root" && sha256sum bin/busybox usr/bin/tini) >"$root/usr/share/image/contents"
chmod -R go-w "$root"
chmod 1777 "$root/tmp"

tar --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --create . |
  docker import \
    -c 'USER 10001:10001' \
    -c 'ENTRYPOINT ["/usr/bin/tini", "--"]' \
    -c 'CMD ["/bin/sh"]' \
    -c "LABEL scope=$label" \
    - "$reference"
