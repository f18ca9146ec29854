#!/usr/bin/env bash
# Builds prorata-bench, runs it, and keeps the report.   bench/run.sh [OPTIONS OF prorata-bench...]
#
# The report is bench/results/cpu-CPU-DATE.json. Run it on a quiet machine: its header says how busy it was.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cmake --preset cpu -DPRORATA_CLI=OFF -B build/bench >/dev/null
cmake --build build/bench --target prorata-bench
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr -cs '[:alnum:]\n' - | tr '[:upper:]' '[:lower:]')
build/bench/bin/prorata-bench --json "bench/results/cpu-${cpu:-unknown}-$(date -u +%F).json" "$@"
