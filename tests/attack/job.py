"""A job: a command line over some files, and how to tell whether what came out is right."""
import dataclasses
import json
import struct
from collections.abc import Callable

import numpy as np


def nothing_wrong(_):
    return ''


def no_options(_):
    return []


@dataclasses.dataclass
class Job:
    arguments: list
    outputs: tuple = ()
    answer: Callable = None      # (sandbox, ended) -> what came out, comparable: equal for every split
    complaint: Callable = nothing_wrong  # of an answer: what is wrong with it, '' where nothing is
    split: Callable = no_options         # r -> options that may not change the answer
    refusal: Callable = lambda ended: False  # whether the job may be refused as it was
    count: int = None            # elements, where it takes the options of streams: --costs, --cap, --trace


def same(what, found, expected):
    """'' where both arrays have the same type, shape and bytes."""
    if found.dtype != expected.dtype:
        return f'{what}: type {found.dtype}, not {expected.dtype}'
    if found.shape != expected.shape:
        return f'{what}: shape {found.shape}, not {expected.shape}'
    a, b = np.ascontiguousarray(found).reshape(-1), np.ascontiguousarray(expected).reshape(-1)
    if a.dtype.kind == 'b':  # what is true may be any byte but 0
        a, b = a.view('u1') != 0, b.view('u1') != 0
    different = np.flatnonzero((a.view('u1') != b.view('u1')).reshape(len(a), -1).any(axis=1)) if len(a) else []
    if len(different) == 0:
        return ''
    at = different[0]
    return f'{what}: {len(different)} of {len(a)} elements differ, the first at {at}: {a[at]!r}, not {b[at]!r}'


def equal(what, found, expected):
    """'' where both arrays have the same type, shape and numbers: NaN is NaN, -0 is 0."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f'{what}: {found.dtype}{found.shape}, not {expected.dtype}{expected.shape}'
    nan = expected.dtype.kind == 'f'
    if np.array_equal(found, expected, equal_nan=nan):
        return ''
    a, b = found.reshape(-1), expected.reshape(-1)
    at = np.flatnonzero(~((a == b) | ((a != a) & (b != b))))[0]
    return f'{what}: element {at} is {a[at]!r}, not {b[at]!r}'


def result_of(sandbox, ended):
    """"result" of --json, as text that can be compared."""
    return json.dumps(json.loads(ended.out)['result'], sort_keys=True)


def bits(x):
    return '0x%016x' % struct.unpack('<Q', struct.pack('<d', x))[0]


def value_of(found):
    """The number that a finding of --json stands for, by its bits where it has them."""
    text = found.get('bits')
    if text is None:
        return found['value']
    word = int(text, 16)
    if len(text) == 10:
        return float(struct.unpack('<f', struct.pack('<I', word))[0])
    return struct.unpack('<d', struct.pack('<Q', word))[0]


def number_complaint(what, found, expected):
    """'' where a number is the expected one to the bit; any NaN will do for NaN."""
    value = value_of(found)
    if isinstance(expected, float) or isinstance(value, float):
        if isinstance(value, str):
            value = float(value)
        same_number = value == expected and np.signbit(value) == np.signbit(float(expected))
        if same_number or (value != value and expected != expected):
            return ''
    elif value == expected:
        return ''
    return f'{what}: {value!r}, not {expected!r}'


def close_complaint(what, found, expected, tolerance):
    """'' where a number is within an absolute tolerance."""
    value = float(value_of(found))
    if value == expected or (value != value and expected != expected) or abs(value - expected) <= tolerance:
        return ''
    return f'{what}: {value!r}, not {expected!r} ± {tolerance!r}'


def first_of(*complaints):
    return next((c for c in complaints if c), '')


def files_of(*names):
    """The answer of commands that write files: their bytes."""
    def answer(sandbox, ended):
        found = {}
        for name in names:
            with open(sandbox.path(name), 'rb') as file:
                found[name] = file.read()
        return found
    return answer


def array_of(content):
    """The array in a .npy file's bytes."""
    import io
    return np.load(io.BytesIO(content))
