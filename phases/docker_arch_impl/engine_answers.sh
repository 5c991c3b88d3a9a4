#!/usr/bin/env bash
# Before anything is executed: the engine answers. Exit 0: it does. Exit 2: nobody can say anything of it.
set -euo pipefail
docker --host "$engine" version --format 'engine {{.Server.Version}}' || {
  echo "the engine at $engine does not answer" >&2
  exit 2
}
