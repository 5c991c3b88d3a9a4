#!/usr/bin/env bash
# Phase 1 of the plan demo: the package holds the program and is no empty shell.
# Exit 0: it is so. Exit 1: it is not. Anything else: could not look.
set -euo pipefail
package="build/${service}.tar"
[ -f "$package" ] || { echo "no $package"; exit 1; }
python3 -m tarfile --list "$package" > "$TMPDIR/names"
grep -qx "${service}.py *" "$TMPDIR/names" || { echo "$package does not hold ${service}.py"; exit 1; }
