#!/usr/bin/env bash
# The image to go back to is in the registry, and is not the new one: previous.sh IMAGE
# 0: both are there (the fact `differs` says the rest), 1: one is missing, 2: could not ask.
set -uo pipefail

image=$1
types="application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json"
types="$types,application/vnd.docker.distribution.manifest.list.v2+json"
types="$types,application/vnd.docker.distribution.manifest.v2+json"

digest_of() {
  local head
  head=$(curl --silent --show-error --max-time 10 --head --header "Accept: $types" \
    "http://$registry/v2/$image/manifests/$1") || exit 2
  printf '%s\n' "$head" | tr -d '\r' | sed -n 's/^docker-content-digest: *//Ip'
}

new=$(digest_of "$tag") || exit 2
previous=$(digest_of "$tag-prev") || exit 2
if [ -z "$new" ] || [ -z "$previous" ]; then
  echo "$image: ${tag} is ${new:-not there}, ${tag}-prev is ${previous:-not there}"
  exit 1
fi
differs=true
[ "$new" != "$previous" ] || differs=false
printf '{"differs": %s, "previous": "%s"}\n' "$differs" "$previous" >>"$TODO_MANAGER_FACTS"
