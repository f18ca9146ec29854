"""Command lines as nobody should write them."""
import os
import re
import resource

import commands
import promises

KIND = 'hostile options'
OPTIONS = ['--devices', '--weights', '--method', '--cap', '--costs', '--threads', '--memory', '--chunk', '--json', '--progress', '--trace', '--report',
           '--verify', '--dtype', '--shape', '--offset', '--exact', '--ddof', '--to', '--raw', '--exclusive', '--indices', '--descending',
           '--temp', '--counts', '--index', '--inverse', '--bins', '--range', '--edges', '--by', '--svg', '--agg', '--head', '--smallest',
           '--interpolation', '--n', '--partition', '--granularity', '--block', '--room', '--seed', '--count', '-o', '--output', '--help',
           '-h', '--nonsense', '-x', '-', '--', '--json=1', '--wrap', '--version', '-V']
VALUES = ['', '0', '1', '-1', '-0', '2', '3.5', 'nan', 'inf', '-inf', '1e308', '1e-320', '1e400', '0x10', '9223372036854775807',
          '9223372036854775808', '18446744073709551616', '1,2', '1,2,3', ',', ',,', '1,', 'nan,1', '1,inf', '0,0', '-1,2', '%', '30%', '200%',
          '1K', '1k', '1KiB', '-1G', '0K', '1e9G', '64K', '16M', 'lots', 'cpu', 'cpu*2', 'cpu*0', 'cpu*-1', 'cpu*1000', 'cpu*99999999999',
          'gpu', 'gpu:0', 'gpu:-1', 'sim:1,2', 'sim:0', 'sim:nan', 'sim:1e-300,1', 'tpu', 'cpu,,cpu', 'auto', 'equal', 'always', 'never',
          'f4', 'f16', '>f8', '|b1', 'O', 'x', 'x.npy', 'o', 'gone', '.', '..', '/', 'missing/o', 'x/', '/dev/null', '/dev/full',
          '/proc/self/mem', 'linear', 'sqrt', 'auto', 'hamilton', 'range', 'lpt', 'hash', 'cyclic', 'a\nb', '\x1b[31m', '%s%n', 'ä', '\udcff',
          "'", '"', '\\', '$(x)', '*', 'A' * 300, 'A' * 5000, '-5', '--json', '--descending', '-o', '((((', 'x/0', 'x+', 'q' * 50]
MOST = 256 << 20


def some(r, choices):
    return choices[r.integers(0, len(choices))]


def mutated(r, arguments):
    """One change of a command line."""
    words = list(map(str, arguments))
    at = int(r.integers(0, len(words))) if words else 0
    kind = r.integers(0, 8)
    if kind <= 2:
        words[at:at] = [some(r, OPTIONS), some(r, VALUES)]
    elif kind == 3:
        words[at:at] = [some(r, OPTIONS) + '=' + some(r, VALUES)]
    elif kind == 4 and words:
        words[at] = some(r, VALUES)
    elif kind == 5 and words:
        del words[at]
    elif kind == 6 and words:
        words.append(words[at])
    else:
        words.append(some(r, OPTIONS))
    return [w for w in words if '\0' not in w]


def strange(name, words):
    """Whether a new file has a name that nobody gave."""
    given = [part for w in words for part in (w, w.partition('=')[2])]
    bases = [os.path.basename(g.rstrip('/')) for g in given if g]
    option = name.startswith('-') and not re.match(r'-(\d|inf|nan)', name)  # what reads like a number is a name
    return option or not any(b and name.startswith(b) for b in bases)


def round_(lab, r, sandbox):
    makers = commands.WRITING + commands.READING
    job = makers[r.integers(0, len(makers))](r, sandbox)
    before = sandbox.entries()
    for _ in range(12):
        words = job.arguments
        for _ in range(int(r.integers(1, 4))):
            words = mutated(r, words)

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        ended = sandbox.run(words, patience=60, preexec_fn=limited)
        lab.count(KIND, refused=ended.code != 0)
        after = sandbox.entries()
        new = promises.changes(before, after)
        for what in promises.broken(bar_removed(ended), before, after, [n for n in new if n not in before] if ended.code == 0 else []):
            lab.violation(KIND, what, words)
        for name in new:
            if ended.code == 0 and name not in before and strange(name, words):
                lab.violation(KIND, f'a file named {name!r}', words)
            if name not in before:
                os.unlink(sandbox.path(name))
        if any(name in before for name in new):
            return


def bar_removed(ended):
    """A progress bar that was asked for is no error."""
    if '\r' in ended.err:
        ended.err = ended.err.split('\r')[-1]
        ended.err = ended.err[ended.err.find('prorata: '):] if 'prorata: ' in ended.err else ''
    return ended
