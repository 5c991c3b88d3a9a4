#!/usr/bin/env bash
# Every image of images.txt is in the registry under the tag of this roll-out.
# 0: all are there, 1: one is missing, 2: the registry could not be asked.
set -uo pipefail

types="application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json"
types="$types,application/vnd.docker.distribution.manifest.list.v2+json"
types="$types,application/vnd.docker.distribution.manifest.v2+json"
seen=0
missing=0
while read -r image; do
  [ -n "$image" ] || continue
  seen=$((seen + 1))
  status=$(curl --silent --show-error --max-time 10 --output /dev/null --write-out '%{http_code}' \
    --head --header "Accept: $types" "http://$registry/v2/$image/manifests/$tag") || exit 2
  case $status in
    200) ;;
    404) echo "$image:$tag is not in $registry" && missing=1 ;;
    *) echo "$registry answers $status for $image:$tag" >&2 && exit 2 ;;
  esac
done <"$(dirname "$0")/images.txt"
[ "$seen" -gt 0 ] || exit 2
exit "$missing"
