"""Arrays as files: .npy or raw, either byte order, C or Fortran order, any shape."""
import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class Stored:
    """An array in a file. `x` is what NumPy would load, in this machine's byte order."""
    name: str
    x: np.ndarray
    options: list = dataclasses.field(default_factory=list)

    @property
    def code(self):
        return self.x.dtype.str[1:]

    @property
    def fortran(self):
        return self.x.ndim > 1 and self.x.flags.f_contiguous and not self.x.flags.c_contiguous

    def in_storage(self):
        """The elements as they lie in the file: what sums go along."""
        return self.x.ravel('F' if self.fortran else 'C')

    def in_c_order(self):
        return self.x.ravel('C')


def some_shape(r, n):
    """A shape of n elements."""
    if r.random() < 0.5 or n < 4:
        return (n,) if n != 1 or r.random() < 0.7 else ()
    divisors = [d for d in range(2, min(n, 200)) if n % d == 0]
    if not divisors:
        return (n, 1) if r.random() < 0.5 else (n,)
    first = int(r.choice(divisors))
    rest = n // first
    more = [d for d in range(2, min(rest, 50)) if rest % d == 0]
    if more and r.random() < 0.4:
        second = int(r.choice(more))
        return (first, second, rest // second)
    return (first, rest)


def swapped(x, order):
    """The same elements, their bytes in the given order; NaNs keep their bits."""
    if x.itemsize == 1 or order == '<':
        return x
    return x.view(f'u{x.itemsize}').byteswap().view(x.dtype.newbyteorder('>'))


def save(path, x):
    """np.save, which adds no .npy to a name."""
    with open(path, 'wb') as file:
        np.save(file, x)


def store(r, sandbox, name, x, shape=None, raw=None, fortran=None):
    """Writes x in one of the ways in which it can be stored."""
    shape = some_shape(r, x.size) if shape is None else shape
    raw = r.random() < 0.15 if raw is None else raw
    order = '>' if r.random() < 0.25 else '<'
    assert math.prod(shape) == x.size
    x = x.reshape(shape)
    on_disk = swapped(np.ascontiguousarray(x).reshape(-1), order)
    if x.dtype.kind == 'b' and r.random() < 0.2:  # any byte but 0 is true
        on_disk = np.where(on_disk, r.integers(1, 256, x.size), 0).astype('u1').view('b1')
    if raw:
        offset = int(r.choice([0, 0, 1, 3, 8, 77]))
        with open(sandbox.path(name), 'wb') as file:
            file.write(bytes(offset) + on_disk.tobytes())
        options = ['--dtype', x.dtype.str[1:] if order == '<' else on_disk.dtype.str]
        if shape != (x.size,) and shape:
            options += ['--shape', ','.join(map(str, shape))]
        if offset:
            options += ['--offset', str(offset)]
        return Stored(name, x if shape else x.reshape(1), options)
    if fortran is None:
        fortran = r.random() < 0.3
    if fortran and len(shape) > 1:
        x = np.asfortranarray(x)
        on_disk = swapped(x.reshape(-1, order='F'), order)
        save(sandbox.path(name), on_disk.reshape(shape, order='F'))
    else:
        save(sandbox.path(name), on_disk.reshape(shape))
    return Stored(name, x)
