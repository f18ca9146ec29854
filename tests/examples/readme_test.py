#!/usr/bin/env python3
"""The README's program is the one that was compiled, and prints the number in its comment.

usage: readme_test.py README.md readme.cpp PROGRAM
"""
import re
import subprocess
import sys

readme, source, program = sys.argv[1:]
with open(readme) as r, open(source) as s:
    text = s.read()
    assert text in r.read(), f'{source} does not stand in {readme} word for word'
expected = re.search(r'printf.*// (\S+), on any devices', text).group(1)
printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()
assert printed == expected, f'printed {printed}, the README says {expected}'
print(printed)
