#!/usr/bin/env python3
"""A program of the README is the one that was compiled, and prints the numbers in its comments. It finds the numbers from
1 to a million in x.npy.

usage: readme_test.py README.md readme.cpp PROGRAM [ARGUMENT...]
"""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

readme, source, *program = sys.argv[1:]
with open(readme) as r, open(source) as s:
    text = s.read()
    assert text in r.read(), f'{source} does not stand in {readme} word for word'
expected = ' '.join(re.findall(r'printf.*// (.+?)(?:, on any devices)?$', text, re.MULTILINE)).split()
with tempfile.TemporaryDirectory() as folder:
    np.save(os.path.join(folder, 'x.npy'), np.arange(1, 1_000_001, dtype='i4'))
    printed = subprocess.run(program, capture_output=True, text=True, check=True, cwd=folder).stdout.split()
    if 'halves.npy' in text:
        assert np.array_equal(np.load(os.path.join(folder, 'sorted.npy')), np.arange(1.0, 1_000_001)), 'sorted.npy'
        assert np.array_equal(np.load(os.path.join(folder, 'halves.npy')), np.arange(1.0, 1_000_001) / 2), 'halves.npy'
assert printed and printed == expected, f'printed {printed}, the README says {expected}'
print(printed)
