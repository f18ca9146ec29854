"""Damaged .npy files: refused with exit code 3 and one line, or read as NumPy reads them."""
import io
import json
import warnings

import numpy as np

import arrays
import files
import promises
from oracles import exact

KIND = 'damaged .npy files'
TYPES = ['<f8', '>f8', '<f4', '|b1', '|i1', '<i8', '<u2', '=f8', '<f2', '<f16', '<c16', '|O', '<U3', '|S4', '<M8[s]', '|V8', 'f8', '<b1', '|f8',
         '>u1', '<i3', '', '<', '<f-8', '<f80', "[('a', '<f4')]"]
SHAPES = ['()', '(3,)', '(3)', '3', '(2, 3)', '(0,)', '(-1,)', '(3, -1)', '(3.0,)', '(True,)', '(9223372036854775807,)', '(9223372036854775808,)',
          '(4294967296, 4294967296)', "('3',)", '((3,),)', '[3]', '(3,,)', '(3', '3,)', '(0x3,)', '(1_0,)',
          '(None,)', '(03,)']
BEYOND_NUMPY = ['(0, 9223372036854775807)', '(' + '1,' * 33 + ')', '(3L,)']  # which has limits of its own: read, or refused
ORDERS = ['False', 'True', '0', '1', 'None', 'false', "'F'", '']


def header(r):
    """A header of well-formed and strange parts."""
    parts = {'descr': repr(TYPES[r.integers(0, len(TYPES))]), 'fortran_order': ORDERS[r.integers(0, 3 if r.random() < 0.7 else len(ORDERS))],
             'shape': (SHAPES + BEYOND_NUMPY)[r.integers(0, len(SHAPES) + len(BEYOND_NUMPY))]}
    names = list(parts)
    if r.random() < 0.1:
        del parts[names[r.integers(0, 3)]]
    if r.random() < 0.05:
        parts['more'] = '1'
    return '{' + ''.join(f"'{k}': {v}, " for k, v in parts.items()) + '}'


def container(r, text, data):
    version = [(1, 0), (1, 0), (2, 0), (3, 0), (0, 0), (4, 0), (255, 1)][r.integers(0, 7)]
    body = text.encode()
    body += b' ' * (int(r.choice([0, 1, 16, 63])) if r.random() < 0.5 else -(len(body) + 11) % 64) + b'\n'
    claimed = len(body) + (int(r.choice([-1, 1, 1000])) if r.random() < 0.1 else 0)
    length = max(claimed, 0).to_bytes(2 if version[0] == 1 else 4, 'little')
    return b'\x93NUMPY' + bytes(version) + length + body + data


def flipped(r, content):
    """Some bytes changed, cut off, or added."""
    content = bytearray(content)
    kind = r.integers(0, 4)
    if kind == 0:
        return bytes(content[:int(r.integers(0, len(content) + 1))])
    if kind == 1:
        return bytes(content) + bytes(int(r.integers(1, 100)))
    for _ in range(int(r.integers(1, 4))):
        content[int(r.integers(0, min(len(content), 140)))] = int(r.integers(0, 256))
    return bytes(content)


def some_content(r):
    if r.random() < 0.5:
        return container(r, header(r), r.bytes(int(r.choice([0, 8, 24, 48, 100]))))
    file = io.BytesIO()
    n = int(r.integers(0, 40))
    np.save(file, arrays.some(r, str(r.choice(arrays.CODES)), n).reshape(files.some_shape(r, n)))
    return flipped(r, file.getvalue())


def read_by_numpy(content):
    """The array, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            return np.load(io.BytesIO(content), allow_pickle=False)
        except Exception:  # whatever it is: NumPy does not read it
            return None


def round_(lab, r, sandbox):
    for _ in range(10):
        content = some_content(r)
        with open(sandbox.path('x'), 'wb') as file:
            file.write(content)
        before = sandbox.entries()
        arguments = ['reduce', 'sum', 'x', '--exact', '--json']
        ended = sandbox.run(arguments)
        lab.count(KIND, refused=ended.code != 0)
        wrong = promises.broken(ended, before, sandbox.entries())
        if not wrong and ended.code not in (0, 3):
            wrong = [f'{ended}: bad input is exit code 3']
        beyond = any(shape.encode() in content for shape in BEYOND_NUMPY)
        if not wrong and ended.code == 0 and not beyond:
            wrong = another_reading(json.loads(ended.out), read_by_numpy(content))
        for what in wrong:
            lab.violation(KIND, f'{what}; the file is {content[:200]!r}', arguments)


def another_reading(found, x):
    if x is None:
        return ['read, although NumPy refuses it']
    if found['n'] != x.size:
        return [f'{found["n"]} elements, not {x.size}']
    if x.dtype.kind not in 'biuf':
        return [f'read as {found["dtype"]}, although it is {x.dtype}']
    expected = exact.exact_sum(x.ravel('K').astype(x.dtype.newbyteorder('=')))
    value = float(found['result']['value'])
    return [] if value == expected or (value != value and expected != expected) else [f'sum {value!r}, not {expected!r}']
