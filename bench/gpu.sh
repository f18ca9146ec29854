#!/usr/bin/env bash
# One command for a GPU server: the tests that need a GPU, the benchmarks, and the checkers of compute-sanitizer on
# the small tests. A part that fails or runs out of time does not stop the others; the exit status and the summary
# say which, and the report is written anew after every part.
#
#   bench/gpu.sh [BUILD]            BUILD: a build folder made elsewhere for this GPU; without it, one is made here
#   bench/gpu.sh --pack TO BUILD    no GPU needed: what the first form wants of BUILD, stripped and compressed, in TO
#   OUT=folder                      where gpu.json, gpu.txt and the parts' logs go (default: bench/results/gpu)
#   SECONDS_PER_PART=90             what a part may take; the benchmarks may take twice that
#   SECONDS_IN_ALL=450              what all parts together may take, without building
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
tests=(cuda_{conformance,mixed_conformance,sort_conformance,group_table,distribute,files}_test
  cuda_array_{scan,select,sort,order_statistics,distinct,runs,groups,distribute,fold}_test check_test nvrtc_test)
# skipped, all of it, where there are fewer than two GPUs
tests_of_two=(cuda_devices_test)
programs=("${tests[@]}" "${tests_of_two[@]}" gpu_bench planted_fault)
find_program() { find "$build" -name "$1" -type f -perm -u+x 2>/dev/null | head -n 1; }

if [ "${1:-}" = --pack ]; then
  [ $# = 3 ] || { echo "usage: bench/gpu.sh --pack TO BUILD" >&2; exit 2; }
  to=$2 build=$3
  unpacked=$(mktemp -d) || exit
  trap 'rm -rf "$unpacked"' EXIT
  mkdir -p "$to" "$unpacked/lib" || exit
  for program in "${programs[@]}" prorata; do
    from=$(find_program "$program")
    [ -n "$from" ] || { echo "gpu.sh: $program is not in $build; build it first" >&2; exit 1; }
    strip -o "$unpacked/$program" "$from" || exit
  done
  # what a server may have in another version, or not at all
  ldd "$unpacked"/*_test "$unpacked"/{gpu_bench,prorata} | awk '/lib(cudart|tbb|fmt)\./ { print $3 }' | sort -u |
    while read -r library; do cp -L "$library" "$unpacked/lib/" || exit; done || exit
  # expressions are compiled where they run, by a library that a server with a driver alone does not have
  nvrtc=$(find "${CUDA_HOME:-/usr/local/cuda}/" -name 'libnvrtc.so.[0-9][0-9]' -print -quit 2>/dev/null)
  [ -n "$nvrtc" ] || { echo "gpu.sh: libnvrtc was not found; set CUDA_HOME" >&2; exit 1; }
  mkdir "$unpacked/nvrtc" || exit
  cp -L "$nvrtc" "$(dirname "$nvrtc")"/libnvrtc-builtins.so.*.* "$unpacked/nvrtc/" || exit
  tar -C "$unpacked/nvrtc" -cJf "$to/nvrtc.tar.xz" . && rm -r "$unpacked/nvrtc" || exit
  git -C "$here" describe --always --abbrev=40 --dirty --exclude='*' >"$unpacked/commit.txt"
  tar -C "$unpacked" -czf "$to/programs.tar.gz" . || exit
  size=$(du -k "$to/programs.tar.gz" | cut -f1)
  echo "$to: $((size / 1024)) MiB, and $(($(du -k "$to/nvrtc.tar.xz" | cut -f1) / 1024)) MiB of NVRTC"
  [ "$size" -lt $((50 * 1024)) ] || { echo "gpu.sh: the programs are more than 50 MiB" >&2; exit 1; }
  exit 0
fi

out=${OUT:-$here/bench/results/gpu}
limit=${SECONDS_PER_PART:-90}
in_all=${SECONDS_IN_ALL:-450}
if ! command -v nvidia-smi >/dev/null || ! timeout 30 nvidia-smi -L >/dev/null 2>&1; then
  echo "gpu.sh: there is no GPU here (nvidia-smi found none)" >&2
  exit 1
fi
mkdir -p "$out" || exit
rm -f "$out"/*.log "$out"/*.err "$out"/gpu.json "$out"/gpu.txt # of an earlier run
timeout 30 nvidia-smi --format=csv --query-gpu=name,driver_version,uuid,clocks.sm,clocks.mem,clocks.max.sm,power.limit,ecc.mode.current,mig.mode.current,pcie.link.gen.current,pcie.link.width.current \
  >"$out/machine.csv" 2>&1
parts=() endings=() took=() build=
if [ $# -ge 1 ]; then build=$(cd "$1" && pwd) || exit; fi
if [ -f "$build/programs.tar.gz" ]; then
  unpacked=$(mktemp -d) || exit
  trap 'rm -rf "$unpacked"' EXIT
  tar -C "$unpacked" -xzf "$build/programs.tar.gz" || exit
  [ ! -f "$build/nvrtc.tar.xz" ] || tar -C "$unpacked/lib" -xJf "$build/nvrtc.tar.xz" || exit
  build=$unpacked
fi
commit=$(cat "$build/commit.txt" 2>/dev/null ||
  git -C "$here" describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null || echo unknown)

# The report so far: one object of machine, parts and the benchmarks' rows. A row that was cut off is left out.
report() {
  local k
  {
    printf '{"commit": "%s", "date": "%s",\n "machine": "%s",\n "parts": {' "$commit" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
      "$(tail -n 1 "$out/machine.csv" | tr -d '"\\')"
    for k in "${!parts[@]}"; do
      [ "$k" = 0 ] || printf ', '
      printf '"%s": {"ending": "%s", "seconds": %d}' "${parts[k]}" "${endings[k]}" "${took[k]}"
    done
    printf '},\n "bench": '
    grep -sh '}$' "$out/gpu_bench.log" | awk 'NR == 1 { printf "{\"machine\": %s,\n \"rows\": [", $0 }
      NR > 1 { printf "%s\n  %s", (NR > 2 ? "," : ""), $0 }
      END { print (NR ? "]}}" : "null}") }'
  } >"$out/gpu.json"
  {
    echo "commit $commit"
    cat "$out/machine.csv"
    cat "$out/gpu_bench.err" 2>/dev/null
  } >"$out/gpu.txt"
}

# part NAME COMMAND...: runs it for as long as it may, notes how it ended.
part() {
  local name=$1 start=$SECONDS may=$limit status ending left
  shift
  left=$((in_all - (SECONDS - begun)))
  [ "$may" -le "$left" ] || may=$left
  if [ "$may" -lt 1 ]; then
    ending='not run: no time left'
  else
    timeout --kill-after=5 "$may" "$@" >"$out/$name.log" 2>"$out/$name.err" </dev/null
    status=$?
    case $status in
      0) ending=ok ;;
      124 | 137) ending="out of time after $may s" ;;
      *) ending="failed with status $status" ;;
    esac
    if [ $status = 0 ]; then # on a machine with a GPU nothing is skipped, and every filter means something
      grep -q 'SKIPPED' "$out/$name.log" && ending='tests were skipped'
      grep -q 'Running 0 tests' "$out/$name.log" && ending='there was no such test'
    fi
  fi
  parts+=("$name") endings+=("$ending") took+=($((SECONDS - start)))
  printf '%-32s %s  (%d s)\n' "$name" "$ending" $((SECONDS - start))
  if [ "$ending" != ok ]; then tail -qn 5 "$out/$name.log" "$out/$name.err" 2>/dev/null | sed 's/^/    /'; fi
  report
}

begun=$SECONDS
if [ -z "$build" ]; then
  build=$here/build/gpu
  per_part=$limit all=$in_all limit=1200 in_all=2400
  part configure cmake -S "$here" -B "$build" -DPRORATA_CUDA=ON -DPRORATA_TEST_ARCHITECTURES=native \
    -DCMAKE_CUDA_ARCHITECTURES=native
  if [ "${endings[-1]}" != ok ]; then # the command needs libraries that the rest does not
    part configure_the_rest cmake -S "$here" -B "$build" -DPRORATA_CUDA=ON -DPRORATA_TEST_ARCHITECTURES=native \
      -DCMAKE_CUDA_ARCHITECTURES=native -DPRORATA_CLI=OFF
  fi
  part build cmake --build "$build" -j "$(nproc)" --target "${programs[@]}"
  part build_command cmake --build "$build" -j "$(nproc)" --target prorata_cli
  limit=$per_part in_all=$all begun=$SECONDS
fi
export LD_LIBRARY_PATH=$build/lib:${CUDA_HOME:-/usr/local/cuda}/lib64:${LD_LIBRARY_PATH:-}

# program NAME COMMAND...: a part whose command is a program of the build; a missing one is a failure.
program() {
  local name=$1 file
  shift
  file=$(find_program "$1")
  shift
  if [ -n "$file" ]; then
    part "$name" "$file" "$@"
  else
    part "$name" sh -c 'echo "its program is not in $0" >&2; exit 127' "$build"
  fi
}
for test in "${tests[@]}"; do program "$test" "$test"; done
if [ "$(nvidia-smi -L | wc -l)" -ge 2 ]; then
  for test in "${tests_of_two[@]}"; do program "$test" "$test"; done
fi
limit=$((2 * limit))
program gpu_bench gpu_bench --sizes 20,24,28,16 # small ones first: what has no time left is what takes most of it
limit=$((limit / 2))

# ---- checkers: loops, copies, order, and small runs of every kind of kernel
sanitizer=$(command -v compute-sanitizer || echo "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer")
checked() { # a checker that is missing is a failure, not a pass
  local tool=$1
  shift
  if [ ! -x "$sanitizer" ]; then
    echo "compute-sanitizer was not found; put it on PATH or set CUDA_HOME" >&2
    return 127
  fi
  "$sanitizer" --tool "$tool" --error-exitcode 9 "$@"
}
fault_is_caught() { # the checker has to report a write that is wrong, or its silence means nothing
  checked memcheck "$1"
  local status=$?
  [ $status = 9 ] && return 0
  [ $status = 127 ] || echo "the planted fault was not reported (status $status)" >&2
  return 1
}
export -f checked fault_is_caught
export sanitizer
conformance=$(find_program cuda_conformance_test)
part planted_fault bash -c 'fault_is_caught "$1"' _ "$(find_program planted_fault)"
kernels='gpu/*.folds_two_at_once:gpu/*.counts_in_bins:gpu/*.keeps_some_in_order:gpu/*.deals_into_buckets:gpu/*.scans_in_its_order:gpu/*.counts_digits:gpu/*.reduces_runs'
small="gpu/*.copies_bytes_both_ways:gpu/*.orders_streams_by_events:$kernels"
part memcheck bash -c 'checked memcheck "$@"' _ "$conformance" --gtest_filter="$small"
part leaks bash -c 'checked memcheck --leak-check full "$@"' _ "$conformance" --gtest_filter='gpu/*.copies_bytes_both_ways'
for tool in racecheck initcheck synccheck; do
  part $tool bash -c 'checked "$@"' _ $tool "$conformance" --gtest_filter="$kernels"
done

part racecheck_groups bash -c 'checked racecheck "$1"' _ "$(find_program cuda_group_table_test)"

limit=$((2 * limit))
command=$(find_program prorata)
if [ -n "$command" ]; then
  part cli_gpu python3 "$here/tests/cuda/cli_gpu_test.py" "$command"
else
  part cli_gpu sh -c 'echo "the command is not in $0: its GPU tests were not run" >&2; exit 127' "$build"
fi

failed=0
cat "$out/gpu.txt"
for k in "${!parts[@]}"; do
  [ "${endings[k]}" = ok ] || { failed=1; echo "FAILED: ${parts[k]}: ${endings[k]} (see $out/${parts[k]}.log and .err)"; }
done
echo "$((SECONDS)) s; $out/gpu.json"
exit $failed
