#!/usr/bin/env python3
"""Fails unless every kernel of the project was executed on the simulated GPU.

  coverage.py SOURCE FOLDER   SOURCE/kernels is searched for __global__; FOLDER/*.kernels is what tests wrote:
                              a number of launches and a name a line
"""
import pathlib
import re
import sys

KERNEL = re.compile(r"__global__\s+(?:void\s+)?(?:__launch_bounds__\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*)?(?:void\s+)?(\w+)\s*\(")


def main():
    source, folder = map(pathlib.Path, sys.argv[1:])
    declared = {}
    for file in sorted((source / "kernels").rglob("*.cu*")):
        text = file.read_text()
        found = KERNEL.findall(text)
        if len(found) != text.count("__global__"):
            sys.exit(f"coverage: {file} has {text.count('__global__')} kernels, of which {len(found)} are understood")
        declared |= {name: file.relative_to(source) for name in found}
    launches = dict.fromkeys(declared, 0)
    instances = set()
    # the first one in a line; some names cannot be demangled
    name_of = re.compile(r"(?<![A-Za-z_])(?:" + "|".join(declared) + r")(?![a-z_0-9])")
    for file in folder.glob("*.kernels"):
        for line in file.read_text().splitlines():
            count, name = line.split(" ", 1)
            instances.add(name)
            if kernel := name_of.search(name):
                launches[kernel[0]] += int(count)
    for kernel, count in sorted(launches.items()):
        print(f"{count:>9}  {kernel}  {declared[kernel]}")
    missing = [f"{kernel} of {declared[kernel]}" for kernel, count in launches.items() if count == 0]
    if missing:
        sys.exit("coverage: no test executed " + ", ".join(missing))
    print(f"coverage: all {len(declared)} kernels were executed, in {len(instances)} instances, {sum(launches.values())} launches")


main()
