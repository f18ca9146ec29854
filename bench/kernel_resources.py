#!/usr/bin/env python3
"""Weighs the hot kernels: registers, spills and shared memory per kernel and architecture.

  bench/kernel_resources.py [--output FILE] [--check FILE]

Compiles bench/kernel_resources.cu with nvcc (no GPU is needed) and prints a table. A kernel that folds a piece
or maps an array must not spill a byte. --check compares with a table written before: more registers than there
is a failure as well.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
flags = ["-std=c++20", "-O3", "--expt-relaxed-constexpr", "--fmad=false", "-Xptxas", "-v", f"-I{root}", f"-I{root}/include"]
hot = ("_piece_kernel", "transform_kernel", "for_each_kernel", "scan_tiles_kernel", "scan_totals_kernel", "histogram_",
       "count_buckets_kernel", "scatter_buckets_kernel", "count_digits_kernel", "reduce_runs_kernel", "take_rows_kernel",
       "count_slots_kernel")


def short(name):
    """The kernel's name as a reader needs it: without namespaces, parameters and tunings."""
    name = name.replace("prorata::cuda::", "").replace("prorata::", "").removeprefix("void ")
    depth = 0
    for at, c in enumerate(name):
        depth += (c == "<") - (c == ">")
        if c == "(" and depth == 0:
            name = name[:at]
            break
    name = re.sub(r"ordered_tuning<[^<>]*>, ", "", name)
    name = re.sub(r"detail::element_reader<std::integer_sequence<[^<>]*>, ", "load<", name)
    return re.sub(r"(?<=\d)l\b", "", name).replace(" >", ">")


def weigh(nvcc, arch):
    with tempfile.TemporaryDirectory() as folder:
        command = [nvcc, *flags, f"-arch={arch}", "-c", str(root / "bench/kernel_resources.cu"), "-o", f"{folder}/k.o"]
        log = subprocess.run(command, capture_output=True, text=True)
    if log.returncode != 0:
        sys.exit(log.stderr)
    table, kernel = {}, None
    for line in log.stderr.splitlines() + log.stdout.splitlines():
        if found := re.search(r"Compiling entry function '(\S+)'", line):
            kernel = found[1]
            table[kernel] = {"smem": 0}
        if found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            table[kernel].update(stack=int(found[1]), spills=int(found[2]) + int(found[3]))
        if found := re.search(r"Used (\d+) registers", line):
            table[kernel]["registers"] = int(found[1])
            if smem := re.search(r"(\d+) bytes smem", line):
                table[kernel]["smem"] = int(smem[1])
    names = subprocess.run(["c++filt"], input="\n".join(table), capture_output=True, text=True, check=True).stdout.splitlines()
    return {short(name): row for name, row in zip(names, table.values()) if "cub::" not in name.split("(")[0]}


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--nvcc", default="nvcc")
    ask.add_argument("--arch", nargs="*", default=["sm_80", "sm_90"])
    ask.add_argument("--output", type=pathlib.Path)
    ask.add_argument("--check", type=pathlib.Path)
    asked = ask.parse_args()

    lines, rows, faults = [], {}, []
    for arch in asked.arch:
        for kernel, row in sorted(weigh(asked.nvcc, arch).items()):
            rows[arch, kernel] = row
            lines.append(f"{arch}  {row['registers']:>9}  {row['spills']:>6}  {row['stack']:>5}  {row['smem']:>5}  {kernel}")
            if row["spills"] > 0 and any(name in kernel for name in hot):
                faults.append(f"{arch} {kernel} spills {row['spills']} bytes")
    text = "arch   registers  spills  stack   smem  kernel\n" + "\n".join(lines) + "\n"
    print(text, end="")
    if asked.output:
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(text)
    if asked.check:
        for line in asked.check.read_text().splitlines()[1:]:
            arch, registers, *_ = line.split()
            kernel = line.split(None, 5)[5]
            now = rows.get((arch, kernel))
            if now and now["registers"] > int(registers) + 8:
                faults.append(f"{arch} {kernel}: {now['registers']} registers, {registers} before")
    for fault in faults:
        print("kernel_resources:", fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
