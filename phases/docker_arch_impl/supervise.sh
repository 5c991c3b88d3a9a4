#!/usr/bin/env bash
# Starts one service in place of the one that runs: supervise.sh SCOPE REPOSITORY TAG NAME PORT CENTRE
# FORCE_IMAGE_TAG, where it is set, is the tag instead: the way back, and the way to try a build.
set -euo pipefail
scope=$1 repository=$2 tag=${FORCE_IMAGE_TAG:-$3} name=$4 port=$5 centre=$6
container="$scope-$name"

docker network inspect "$scope" >/dev/null 2>&1 ||
  docker network create --label "scope=$scope" "$scope" >/dev/null
docker image inspect "$repository/$name:$tag" >/dev/null 2>&1 || docker pull "$repository/$name:$tag"

# A container of that name that is not of this plan is somebody else's: docker run says so and ends this.
for old in $(docker ps --all --quiet --filter "name=^/$container\$" --filter "label=scope=$scope"); do
  docker rm --force --volumes "$old" >/dev/null
done
docker run --detach --name "$container" --network "$scope" --publish "127.0.0.1:$port:8080" \
  --env "CENTRE=http://$scope-$centre:8080" "$repository/$name:$tag"

for _ in $(seq 100); do
  [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" != healthy ] || exit 0
  sleep 0.2
done
echo "$container is not healthy after 20 s" >&2
docker logs --tail 20 "$container" >&2
exit 1
