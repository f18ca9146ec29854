#!/usr/bin/env bash
# Builds prorata-bench, runs it, and keeps the reports.   bench/run.sh [OPTIONS OF prorata-bench...]
#
# Without options: folds and maps of 1 GiB, every other verb on 256 MiB, and the README's table from both. With
# options: one run of those. The reports are bench/results/cpu-CPU-DATE-WHAT.json. Run it on a quiet
# machine: their headers say how busy it was.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cmake --preset cpu -DPRORATA_CLI=OFF -B build/bench >/dev/null
cmake --build build/bench --target prorata-bench
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr -cs '[:alnum:]\n' - | tr '[:upper:]' '[:lower:]')
report="bench/results/cpu-${cpu:-unknown}-$(date -u +%F)"

# measure WHAT OPTIONS...
measure() {
  local what=$1
  shift
  build/bench/bin/prorata-bench --json "$report-$what.json" "$@"
}

if (($#)); then
  measure chosen "$@"
else
  folds='ceiling|reduce|transform|exact|out of core'
  measure folds --size 1GiB --benchmark_filter="$folds"
  measure verbs --size 256MiB --rounds 7 --benchmark_filter="-$folds"
  bench/speed_table.py "$report-folds.json" "$report-verbs.json"
fi
