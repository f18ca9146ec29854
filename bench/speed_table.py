#!/usr/bin/env python3
"""Writes the README's speed tables from reports of prorata-bench, and of bench/gpu.sh where there are any.

  bench/speed_table.py [REPORT.json...]
  bench/speed_table.py --check

Without reports, from those that the README names. Every bar that was measured becomes an entry, the missed ones too;
of a contest in two reports the later one's.
--check changes nothing and fails where the README says something else than its reports.
"""
import argparse
import json
import pathlib
import re
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parent.parent
begin, end = "<!-- begin: speed table -->\n", "<!-- end: speed table -->"


def machine(header):
    versions = ", ".join(f"{name} {version}" for name, version in header["versions"].items())
    return f"{header['cores']} cores of an {header['cpu']}, {header['compiler']}, {versions}"


def size(header):
    mib = header["array_bytes"] >> 20
    return f"{mib >> 10} GiB" if mib >= 1024 else f"{mib} MiB"


def table(report):
    """One line for every work and what it was compared with: the types side by side."""
    lines, others = {}, {}
    for contest in report["contests"]:
        name, _, element = contest["name"].rpartition("/")
        for bar in contest["bars"]:
            against, who = re.fullmatch(r"(.*?)(?: \((.*)\))?", bar["against"]).groups()
            reached = f"{bar['reached']:.2f}" + ("" if bar["met"] else " (of " + f"{bar['wanted']:.2f})")
            lines.setdefault((name.replace("/", " "), against), []).append(f"{element} {reached}")
            if who:
                others.setdefault((name.replace("/", " "), against), []).append(who)
    rows = []
    for (name, against), cells in lines.items():
        who = ", ".join(dict.fromkeys(others.get((name, against), [])))
        rows.append(f"| {name} | {against}{': ' * bool(who)}{who} | {' · '.join(cells)} |")
    header, rounds = report["header"], max(contest["rounds"] for contest in report["contests"])
    head = [f"Arrays of {size(header)}, medians of {rounds} rounds, at commit {header['commit']}:", "",
            "| | compared with | how many times as fast |", "|---|---|---|"]
    return "\n".join(head + rows)


def gpu_table(report):
    """One line for every work on a GPU: microseconds for each number of elements, and CUB's beside them."""
    rows = report["bench"]["rows"]
    wrong = [f"{row['op']} by {row['by']}, {row['type']}, {row['n']}" for row in rows if not row["right"]]
    if wrong:
        sys.exit("error: answers were wrong, and have no speed: " + "; ".join(wrong))
    sizes = sorted({row["n"] for row in rows})
    lines = {}
    for row in rows:
        lines.setdefault((row["op"], row["type"]), {}).setdefault(row["n"], {})[row["by"]] = row
    text = [f"{report['machine'].split(',')[0]} at commit {report['commit']}; microseconds, the L2 cache cold, medians "
            "of 25. In brackets the share of a copy's GB/s, and how many times as fast as CUB:", "",
            "| | " + " | ".join(f"{n:,} elements" for n in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    for (op, element), by_size in lines.items():
        cells = []
        for n in sizes:
            both = by_size.get(n, {})
            ours = both.get("prorata") or both.get("driver")
            against = f", {both['cub']['us'] / ours['us']:.2f}×" if "cub" in both and ours else ""
            cells.append(f"{ours['us']:.1f} ({ours['of_copy']:.0%}{against})" if ours else "")
        text.append(f"| {op.replace('_', ' ')} {element} | {' | '.join(cells)} |")
    return "\n".join(text)


def text_of(paths):
    everything = [json.loads(path.read_text()) for path in paths]
    reports = [report for report in everything if "contests" in report]
    held = set()
    for report in reversed(reports):
        report["contests"] = [contest for contest in report["contests"] if contest["name"] not in held]
        held.update(contest["name"] for contest in report["contests"])
    gpus = [gpu_table(report) for report in everything if "parts" in report]
    names = ", ".join(f"`{path.resolve().relative_to(root)}`" for path in paths)
    before = (f"{machine(reports[0]['header'])}; everyone on the same pages in turns, every answer checked. \"Fastest "
              "peer\" is the fastest of `std::execution::par_unseq`, OpenMP simd, oneTBB, Thrust (OMP and TBB), NumPy, "
              "Highway, ips4o and plain loops of one core, as far as they do the work. A bar that was missed stands behind "
              "its figure.")
    of_gpus = ("`bench/gpu.sh` tests and measures a GPU." if gpus else
               "No GPU figure stands here yet: the CUDA half compiles, links and is tested on the host through the "
               "same templates, and `bench/gpu.sh` is the one command that tests and measures it where there is a GPU.")
    after = f"The whole reports are {names}; `bench/run.sh` makes them for your machine. {of_gpus}"
    fill = lambda text: textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join([fill(before), *map(table, reports), fill(after), *gpus]) + "\n"


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("reports", nargs="*", type=pathlib.Path)
    ask.add_argument("--check", action="store_true")
    asked = ask.parse_args()
    readme = root / "README.md"
    before = readme.read_text()
    first, last = before.index(begin) + len(begin), before.index(end)
    named = [root / name for name in re.findall(r"bench/results/[\w.-]+\.json", before[first:last])]
    after = before[:first] + text_of(asked.reports or named) + before[last:]
    if asked.check:
        sys.exit("error: README.md has another speed table; run bench/speed_table.py" if after != before else 0)
    readme.write_text(after)


if __name__ == "__main__":
    main()
