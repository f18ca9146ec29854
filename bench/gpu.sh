#!/usr/bin/env bash
# One command for a GPU server: every test labelled cuda, the checkers of compute-sanitizer on the small ones,
# and the benchmarks. A part that fails does not stop the others; the exit status and the summary say which.
#
#   bench/gpu.sh [BUILD]      BUILD: a build folder made elsewhere for this GPU; without it, one is made here
#   OUT=folder                where gpu.json, gpu.txt and the parts' logs go (default: bench/results/gpu)
#   SECONDS_PER_PART=90       what a part may take; measured parts take far less, and all of it 8 minutes
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
out=${OUT:-$here/bench/results/gpu}
limit=${SECONDS_PER_PART:-90}
mkdir -p "$out"
parts=() results=()

# part NAME COMMAND...: runs it, notes how it ended.
part() {
  local name=$1 start=$SECONDS status
  shift
  timeout --kill-after=10 "$limit" "$@" >"$out/$name.log" 2>"$out/$name.err"
  status=$?
  parts+=("$name")
  results+=("$status")
  printf '%-24s %s  (%d s)\n' "$name" "$([ $status = 0 ] && echo ok || echo "FAILED ($status)")" $((SECONDS - start))
  [ $status = 0 ] || tail -n 5 "$out/$name.log" "$out/$name.err" | sed 's/^/    /'
}

# a checker that is missing is a failure, not a pass
sanitizer=$(command -v compute-sanitizer || echo "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer")
checked() {
  local tool=$1
  shift
  if [ ! -x "$sanitizer" ]; then
    echo "compute-sanitizer was not found; put it on PATH or set CUDA_HOME" >&2
    return 127
  fi
  "$sanitizer" --tool "$tool" --error-exitcode 9 "$@"
}
# the checker has to report a write that is wrong, or its silence means nothing
fault_is_caught() {
  checked memcheck "$1"
  local status=$?
  [ $status = 9 ] && return 0
  [ $status = 127 ] || echo "the planted fault was not reported (status $status)" >&2
  return 1
}
export -f checked fault_is_caught
export sanitizer

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >"$out/devices.txt" 2>&1; then
  echo "gpu.sh: there is no GPU here (nvidia-smi found none)" >&2
  exit 1
fi

tests=(cuda_conformance_test cuda_mixed_conformance_test cuda_sort_conformance_test cuda_group_by_test check_test nvrtc_test)
if [ $# -ge 1 ]; then
  build=$1
else
  build=$here/build/gpu
  limit_before=$limit limit=300
  part configure cmake -S "$here" -B "$build" -DPRORATA_CUDA=ON -DPRORATA_CLI=OFF -DCMAKE_CUDA_ARCHITECTURES=native
  part build cmake --build "$build" -j "$(nproc)" \
    --target "${tests[@]}" gpu_bench planted_fault
  limit=$limit_before
fi
find_program() { find "$build" -name "$1" -type f -perm -u+x 2>/dev/null | head -n 1; }

# ---- tests
for test in "${tests[@]}"; do
  program=$(find_program "$test")
  if [ -n "$program" ]; then
    part "$test" "$program"
    grep -q 'SKIPPED' "$out/$test.log" && results[-1]=skipped && echo "    skipped tests on a machine with a GPU count as a failure"
  else
    part "$test" sh -c "echo '$test is not in $build' >&2; exit 127"
  fi
done

# ---- checkers: loops, copies, order, and small runs of every kind of kernel
conformance=$(find_program cuda_conformance_test)
fault=$(find_program planted_fault)
part planted_fault bash -c 'fault_is_caught "$1"' _ "$fault"
kernels='gpu/*.folds_two_at_once:gpu/*.counts_in_bins:gpu/*.keeps_some_in_order:gpu/*.deals_into_buckets:gpu/*.scans_in_its_order'
small="gpu/*.copies_bytes_both_ways:gpu/*.orders_streams_by_events:$kernels"
part memcheck bash -c 'checked memcheck --leak-check full "$@"' _ "$conformance" --gtest_filter="$small"
for tool in racecheck initcheck synccheck; do
  part $tool bash -c 'checked "$@"' _ $tool "$conformance" --gtest_filter="$kernels"
done

# ---- benchmarks
bench=$(find_program gpu_bench)
part gpu_bench "${bench:-gpu_bench}"
nvidia-smi --query-gpu=name,driver_version,uuid,clocks.sm,clocks.mem,clocks.max.sm,power.limit,ecc.mode.current,mig.mode.current,pcie.link.gen.current,pcie.link.width.current \
  --format=csv >"$out/machine.csv" 2>&1
commit=$(git -C "$here" rev-parse HEAD 2>/dev/null || cat "$build/commit.txt" 2>/dev/null || echo unknown)
dirty=$(git -C "$here" status --porcelain 2>/dev/null | grep -qv '^??' && echo true || echo false)

# ---- one table, one JSON
{
  echo "commit $commit, changed since: $dirty"
  cat "$out/machine.csv"
  cat "$out/gpu_bench.err"
} >"$out/gpu.txt"
failed=0
{
  printf '{"commit": "%s", "changed": %s, "date": "%s",\n "machine": "%s",\n "parts": {' "$commit" "$dirty" \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(tail -n 1 "$out/machine.csv" | tr -d '"\\')"
  for k in "${!parts[@]}"; do
    [ "$k" = 0 ] || printf ', '
    printf '"%s": %s' "${parts[$k]}" "$([ "${results[$k]}" = 0 ] && echo true || echo false)"
  done
  printf '},\n "bench": '
  if [ -s "$out/gpu_bench.log" ]; then cat "$out/gpu_bench.log"; else echo null; fi
  echo '}'
} >"$out/gpu.json"
cat "$out/gpu.txt"
for k in "${!parts[@]}"; do
  [ "${results[$k]}" = 0 ] || { failed=1; echo "FAILED: ${parts[$k]} (see $out/${parts[$k]}.log and .err)"; }
done
echo "$((SECONDS)) s; $out/gpu.json"
exit $failed
