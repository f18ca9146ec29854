#!/usr/bin/env python3
"""Every public verb has a call in every_verb.cpp, for which tests hold it to what verbs promise their callers."""
import collections
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
headers = sorted((root / "include/prorata").glob("*.hpp"))
not_verbs = {"load_of"}  # what a kernel reads; it queues nothing


def public_text(text):
    """A header without comments and without what is inside `namespace detail`."""
    text = re.sub(r"//[^\n]*", "", text)
    for opening in iter(lambda: re.search(r"namespace (prorata::)?detail \{", text), None):
        depth, at = 1, opening.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        text = text[:opening.start()] + text[at:]
    return text


def with_arrays(text):
    """Where a template takes any source, the signature that takes an array."""
    def as_array(found):
        signature = found.group(2)
        for name in re.findall(r"\bsource(?:\.\.\.)? (\w+)", found.group(1)):
            signature = re.sub(rf"\b{name} const&", "distributed_array<T, S> const&", signature)
        return f"template <{found.group(1)}>\n{signature}{{"
    return re.sub(r"template <([^\n]*\bsource\b[^\n]*)>\n([^{]*)\{", as_array, text)


def verbs(text):
    """Names of functions that take an array, once for each overload."""
    text = with_arrays(text)
    for found in re.finditer(r"^[^\n;{}=()]*?\b(\w+)\(([^;{}]*?)\)\s*\{", text, re.M):
        name, parameters = found.groups()
        if re.search(r"distributed_array<[^>]*>?,? ?S?> ?(const)?&", parameters) and name not in not_verbs:
            yield name


declared = collections.Counter(name for header in headers for name in verbs(public_text(header.read_text())))
called = collections.Counter(re.findall(r'\{"(\w+)', (root / "tests/every_verb.cpp").read_text()))
missing = [f"{name}: {called[name]} calls of {count} forms" for name, count in sorted(declared.items())
           if called[name] < count]
if len(declared) < 60 or missing:
    sys.exit("\n".join([f"{len(declared)} verbs found in the headers; every_verb.cpp lacks:"] + missing))
print(f"{sum(declared.values())} forms of {len(declared)} verbs are called")
