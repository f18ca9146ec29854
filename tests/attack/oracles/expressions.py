"""Random expressions, and what they mean, computed by NumPy one operation at a time.

Types inside an expression are bool, i8, u8, f4 and f8; operands meet at the first that holds both, and where only f8
does, at f8. A written number takes the type of what it meets, a real one at least f8 beside integers.
"""
import dataclasses

import numpy as np

ORDER = ['b1', 'i8', 'u8', 'f4', 'f8']


@dataclasses.dataclass
class Term:
    text: str
    type: str
    value: np.ndarray
    written: bool = False  # a constant


def seen_as(code):
    """The type as which an expression sees elements of a file."""
    if code in ('b1', 'u8', 'f8'):
        return code
    return 'f4' if code[0] == 'f' else 'i8'


def meet(a, b):
    a, b = sorted((a, b), key=ORDER.index)
    return 'f8' if a in ('i8', 'u8') and a != b else b


def common_type(terms):
    strong = [t.type for t in terms if not t.written]
    weak = [t for t in terms if t.written]
    result = strong[0]
    for t in strong[1:]:
        result = meet(result, t)
    for t in weak:
        if t.type == 'f8':
            result = result if result[0] == 'f' else 'f8'
        elif result[0] != 'f' and result != 'u8':  # written integers here are small and not negative
            result = meet(result, t.type)
    return result


def converted(t, code):
    if code == 'b1':
        return t.value != 0
    return t.value.astype(code)


def leaf(r, inputs, n):
    if r.random() < 0.75:
        k = int(r.integers(0, len(inputs)))
        name = 'xyzw'[k]
        code = seen_as(inputs[k].dtype.str[1:])
        return Term(name, code, inputs[k].astype(code))
    if r.random() < 0.5:
        v = int(r.choice([0, 1, 2, 3, 7, 100]))
        return Term(str(v), 'i8', np.full(n, v, 'i8'), True)
    v = float(r.choice([0.5, 1.5, 3.25, 1e10, 0.0]))
    return Term(repr(v), 'f8', np.full(n, v), True)


def arithmetic(name, a, b):
    if name == '+':
        return a + b
    if name == '-':
        return a - b
    if name == '*':
        return a * b
    if name == '%':
        return modulo(a, b)
    if name == 'min':
        return extreme(a, b, np.minimum, True)
    return extreme(a, b, np.maximum, False)


def modulo(a, b):
    if a.dtype.kind == 'f':
        rest = np.fmod(a, b)
        changed = np.where((rest < 0) != (b < 0), rest + b, rest)
        return np.where(rest == 0, np.copysign(np.zeros_like(a), np.where(b < 0, -1, 1).astype(a.dtype)), changed)
    safe = np.where(b == 0, np.ones_like(b), b)
    if a.dtype.kind == 'i':
        safe = np.where(safe == -1, np.ones_like(b), safe)
    rest = np.remainder(a, safe)
    return np.where(b == 0, np.zeros_like(rest), rest)


def extreme(a, b, f, negative):
    found = f(a, b)
    if a.dtype.kind == 'f':  # -0 < +0
        zeros = (a == 0) & (b == 0)
        sign = np.signbit(a) | np.signbit(b) if negative else np.signbit(a) & np.signbit(b)
        found = np.where(zeros, np.where(sign, -0.0, 0.0).astype(a.dtype), found)
    return found


def apply(r, inputs, n, depth):
    kind = r.integers(0, 12)
    if depth == 0 or kind == 0:
        return leaf(r, inputs, n)

    def part():
        return apply(r, inputs, n, depth - 1)
    if kind <= 5:
        a, b = part(), part()
        if a.written and b.written:
            a = leaf_of_file(r, inputs)
        name = str(r.choice(['+', '-', '*', '%', 'min', 'max']))
        common = common_type([a, b])
        common = 'i8' if common == 'b1' else common
        value = arithmetic(name, converted(a, common), converted(b, common)).astype(common)
        text = f'{name}({a.text}, {b.text})' if name in ('min', 'max') else f'({a.text} {name} {b.text})'
        return Term(text, common, value)
    if kind == 6:
        a, b = part(), leaf_of_file(r, inputs)
        common = common_type([a, b])
        common = common if common[0] == 'f' else 'f8'
        return Term(f'({a.text} / {b.text})', common, (converted(a, common) / converted(b, common)).astype(common))
    if kind in (7, 8):
        a, b = part(), leaf_of_file(r, inputs)
        common = common_type([a, b])
        name, f = [('<', np.less), ('<=', np.less_equal), ('>', np.greater), ('>=', np.greater_equal), ('==', np.equal),
                   ('!=', np.not_equal)][r.integers(0, 6)]
        return Term(f'({a.text} {name} {b.text})', 'b1', f(converted(a, common), converted(b, common)))
    if kind == 9:
        a, b = leaf_of_file(r, inputs), part()
        if b.written:
            b = leaf_of_file(r, inputs)
        name, f = [('and', np.logical_and), ('or', np.logical_or)][r.integers(0, 2)]
        return Term(f'({a.text} {name} {b.text})', 'b1', f(converted(a, 'b1'), converted(b, 'b1')))
    if kind == 10:
        c, a, b = leaf_of_file(r, inputs), leaf_of_file(r, inputs), leaf_of_file(r, inputs)
        common = common_type([a, b])
        value = np.where(converted(c, 'b1'), converted(a, common), converted(b, common)).astype(common)
        return Term(f'({c.text} ? {a.text} : {b.text})', common, value)
    a = part()
    if a.written:
        a = leaf_of_file(r, inputs)
    return function(r, a)


def function(r, a):
    name = str(r.choice(['sqrt', 'abs', 'floor', 'ceil', 'trunc', 'round', 'isnan', 'isfinite', 'isinf', 'sign', 'not']))
    real = a.type if a.type[0] == 'f' else 'f8'
    number = 'i8' if a.type == 'b1' else a.type
    if name == 'sqrt':
        return Term(f'sqrt({a.text})', real, np.sqrt(converted(a, real)))
    if name == 'abs':
        return Term(f'abs({a.text})', number, np.abs(converted(a, number)))
    if name in ('floor', 'ceil', 'trunc', 'round'):
        f = {'floor': np.floor, 'ceil': np.ceil, 'trunc': np.trunc, 'round': np.rint}[name]
        value = converted(a, number)
        return Term(f'{name}({a.text})', number, f(value) if number[0] == 'f' else value)
    if name in ('isnan', 'isfinite', 'isinf'):
        f = {'isnan': np.isnan, 'isfinite': np.isfinite, 'isinf': np.isinf}[name]
        return Term(f'{name}({a.text})', 'b1', f(converted(a, real)))
    if name == 'sign':
        value = converted(a, number)
        signs = np.sign(value) if number[0] != 'f' else np.where(value == 0, np.zeros_like(value), np.sign(value))
        return Term(f'sign({a.text})', number, signs.astype(number))
    return Term(f'(not {a.text})', 'b1', ~converted(a, 'b1'))


def leaf_of_file(r, inputs):
    k = int(r.integers(0, len(inputs)))
    code = seen_as(inputs[k].dtype.str[1:])
    return Term('xyzw'[k], code, inputs[k].astype(code))


def expression(r, inputs, depth=3):
    """A random expression that looks at one of the inputs at least."""
    n = len(inputs[0])
    with np.errstate(all='ignore'):
        while True:
            t = apply(r, inputs, n, int(r.integers(1, depth + 1)))
            if not t.written:
                return t


def stored(t, code):
    """A result, as the file gets it."""
    x = t.value
    with np.errstate(all='ignore'):
        if code == 'b1':
            return x != 0
        if code[0] == 'f':
            y = x.astype('f8').astype(code) if x.dtype.kind != 'f' and code == 'f2' else x.astype(code)
            return np.where(np.isnan(y), np.array(np.nan, code), y).astype(code)
        info = np.iinfo(code)
        if x.dtype.kind == 'f':
            wide = x.astype('f8')
            low, high = wide <= float(info.min), wide >= float(info.max + 1)
            inside = np.where(low | high | np.isnan(wide), 0, wide).astype(code)
            return np.where(high, np.array(info.max, code), np.where(low, np.array(info.min, code), inside))
        if x.dtype.kind == 'b':
            return x.astype(code)
        return np.array([min(max(v, info.min), info.max) for v in x.tolist()], code)
