#!/usr/bin/env bash
# Removes what this plan has made on the engine: remove.sh SCOPE containers|images
set -euo pipefail
scope=$1 what=$2
docker ps --all --quiet --filter "label=scope=$scope" | xargs --no-run-if-empty docker rm --force --volumes
docker network ls --quiet --filter "label=scope=$scope" | xargs --no-run-if-empty docker network rm
[ "$what" = images ] || exit 0
# By their names, not their IDs: an image on which others are built is only untagged, and goes with the last.
docker images --filter "label=scope=$scope" --format '{{.Repository}}:{{.Tag}}' | { grep -v '<none>' || [ $? = 1 ]; } |
  xargs --no-run-if-empty docker image rm --force >/dev/null
# What earlier runs left untagged: an image is only removed once none is built on it, so more than once.
while docker image prune --force --filter "label=scope=$scope" | grep --count '^Deleted' >/dev/null; do
  :
done
