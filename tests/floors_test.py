#!/usr/bin/env python3
"""Reads every #include of the library and fails on one that points up a floor (tests/floors.txt)."""
import pathlib
import re
import sys
import tempfile

FOLDERS = ("include", "host", "kernels", "bench")
SUFFIXES = {".hpp", ".cuh", ".cpp", ".cu"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def read_table(path):
    """PATH → (floor, the highest floor it may use outside itself)"""
    rooms = {}
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            floor = int(words[0])
            rooms[words[1]] = (floor, int(words[3]) if words[2:3] == ["sees"] else floor)
    return rooms


def room_of(file, rooms):
    """The file's own row, or that of the longest folder that holds it. A public header needs its own."""
    if file in rooms or file.startswith("include/"):
        return file if file in rooms else None
    folders = [room for room in rooms if room.endswith("/") and file.startswith(room)]
    return max(folders, key=len, default=None)


def target_of(file, quoted, angled, root):
    """The repository's own file that an #include names, or None for anyone else's."""
    if quoted:
        beside = (root / file).parent / quoted
        if beside.is_file():
            return beside.resolve().relative_to(root).as_posix()
    name = quoted or angled
    own = f"include/{name}" if name.startswith("prorata/") else name
    return own if own.split("/")[0] in FOLDERS and "/" in own else None


def complaints(root, rooms):
    files = sorted(p.relative_to(root).as_posix() for f in FOLDERS for p in (root / f).rglob("*")
                   if p.suffix in SUFFIXES)
    table = "tests/floors.txt"
    for room in rooms:
        if not room.endswith("/") and room not in files:
            yield f"{table}: {room} has a floor, but there is no such file"
    for file in files:
        here = room_of(file, rooms)
        if here is None:
            yield f"{file}: has no floor; add it to {table}"
            continue
        text = (root / file).read_text()
        for match in INCLUDE.finditer(text):
            target = target_of(file, *match.groups(), root)
            there = target and room_of(target, rooms)
            if not there or there == here:
                continue
            floor, sees = rooms[here]
            if rooms[there][0] > sees:
                line = text.count("\n", 0, match.start(match.lastindex)) + 1
                why = f"{here} sees only floor {sees}" if sees < floor else "an #include points up"
                yield f"{file}:{line}: {why}: floor {floor} {file} → floor {rooms[there][0]} {target}"


def self_test():
    """Plants one fault of each kind in a small house; each must be found, and nothing else."""
    table = """
      0 include/prorata/word.hpp  # a comment
      1 host/
      1 host/io/ sees 0
      3 include/prorata/verb.hpp
      4 host/cli/"""
    sound = {
        "include/prorata/word.hpp": "#include <vector>\n",
        "include/prorata/verb.hpp": "#include <prorata/word.hpp>\n#include <host/stream.hpp>\n",
        "host/stream.hpp": "#include <prorata/word.hpp>\n",
        "host/io/file.cpp": "#include <host/io/file.hpp>\n#include <prorata/word.hpp>\n",
        "host/cli/main.cpp": "#include <prorata/verb.hpp>\n#include <host/io/file.hpp>\n",
    }
    faults = {
        "angle brackets": ({"host/stream.hpp": "\n#include <prorata/verb.hpp>\n"}, "host/stream.hpp:2:"),
        "quotes, beside": ({"include/prorata/word.hpp": '#include "verb.hpp"\n'}, "word.hpp:1:"),
        "spaced out": ({"include/prorata/word.hpp": "  #  include <host/stream.hpp>\n"}, "word.hpp:1:"),
        "a side room": ({"host/io/file.cpp": "#include <host/stream.hpp>\n"}, "sees only floor 0"),
        "no floor": ({"include/prorata/attic.hpp": ""}, "attic.hpp: has no floor"),
        "no such file": ({"include/prorata/word.hpp": None}, "no such file"),
    }
    missed = []
    for name, (planted, expected) in {"a sound house": ({}, None), **faults}.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "floors.txt").write_text(table)
            for file, text in {**sound, **planted}.items():
                if text is not None:
                    (root / file).parent.mkdir(parents=True, exist_ok=True)
                    (root / file).write_text(text)
            found = list(complaints(root, read_table(root / "floors.txt")))
        if expected is None and found or expected and (len(found) != 1 or expected not in found[0]):
            missed.append(f"self-test '{name}': {found}")
    return missed


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = self_test() + list(complaints(root, read_table(root / "tests" / "floors.txt")))
    print("\n".join(found) if found else "floors: no #include points up")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
