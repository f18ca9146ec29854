"""What the command answers, byte for byte: over two thousand command lines whose results are kept as hashes.

cli_corpus_test.py PRORATA            compares with cli_corpus.json
cli_corpus_test.py PRORATA --record   writes it anew: only where a change of bits is meant and stands in CHANGELOG

A case is a command over files that this script makes from integers alone, so that they are the same everywhere. Every
case runs over several splits, which must all give the one recorded hash: of the JSON's `result`, and of the bytes of
every output file. Functions whose last bits are the C library's (exp, sin, ...) are left out.
"""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HASHES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cli_corpus.json')
CODES = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']
SPLITS = [['--devices', 'cpu'],
          ['--devices', 'cpu*3', '--weights', '5,0,1', '--chunk', '4K', '--memory', '16M'],
          ['--devices', 'cpu*2', '--threads', '1', '--chunk', '12K', '--weights', '1,7']]
SORTING_SPLITS = [['--devices', 'cpu'], ['--devices', 'cpu*3', '--weights', '5,0,1', '--memory', '16M'],
                  ['--devices', 'cpu*2', '--threads', '1', '--weights', '1,7']]
N = 7001
LARGE_N = 2_500_000  # of 8 bytes: spilled to disk with --memory 16M


def mixed(n, seed):
    """n numbers of 64 bits, from integer arithmetic alone (the finaliser of splitmix64)."""
    z = (np.arange(1, n + 1, dtype='u8') + np.uint64(seed << 32)) * np.uint64(0x9e3779b97f4a7c15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return z ^ (z >> np.uint64(31))


def elements(code, n, seed):
    """Numbers of every size and sign that the type has, many of them repeated."""
    z = mixed(n, seed)
    if code == 'b1':
        return (z >> np.uint64(63)).astype('b1')
    if code[0] in 'iu':
        whole = z.view('i8' if code[0] == 'i' else 'u8') >> (z.dtype.type(64 - 8 * int(code[1]))).astype(
            'i8' if code[0] == 'i' else 'u8')
        few = z % np.uint64(5) == 0
        return np.where(few, whole.dtype.type(3), whole).astype(code)
    steps = (z >> np.uint64(44)).astype('f8') - 2.0**19
    scale = np.exp2(((z >> np.uint64(20)) % np.uint64(9)).astype('f8') - 20)
    x = (steps * scale).astype(code)
    x[z % np.uint64(11) == 0] = 0.25
    x[z % np.uint64(97) == 0] = -0.0
    return x


def make_files(folder):
    def save(name, x):
        np.save(os.path.join(folder, name + '.npy'), x)

    for code in CODES:
        x = elements(code, N, 1)
        save(code, x)
        save(code + '-other', elements(code, N, 2))
        if code not in ('b1', 'i1', 'u1'):
            save(code + '-swapped', x.astype(np.dtype(code).newbyteorder('>')))
        x.tofile(os.path.join(folder, code + '.raw'))
    for code in ('f2', 'f4', 'f8'):
        x = elements(code, N, 3)
        x[[7, 1500, 6999]] = np.nan, np.inf, -np.inf
        save(code + '-special', x)
    save('keys', (mixed(N, 4) % np.uint64(300)).astype('i4'))
    save('many-keys', mixed(N, 5).astype('i8'))
    save('weights', ((mixed(N, 6) >> np.uint64(54)).astype('f8') + 1) / 64)
    save('none', np.zeros(0, 'f8'))
    save('large-f8', elements('f8', LARGE_N, 7))
    save('large-i8', mixed(LARGE_N, 8).astype('i8'))


def cases():
    """(name, command, outputs): {x} stands for a file, and outputs are files that the command writes."""
    found = []

    def case(name, *command, outputs=(), splits=None):
        splits = splits or (SORTING_SPLITS if command[0] in ('sort', 'argsort') else SPLITS)
        found.append((name, list(command), list(outputs), splits))

    def over(files, label, *command, outputs=()):
        for f in files:
            case(f'{label} {f}', *(a.replace('{x}', f + '.npy').replace('{c}', f.split('-')[0]) for a in command),
                 outputs=outputs)

    swapped = [c + '-swapped' for c in CODES if c not in ('b1', 'i1', 'u1')]
    special = ['f2-special', 'f4-special', 'f8-special']
    everything = CODES + swapped + special
    floats = ['f2', 'f4', 'f8'] + special
    over(everything, 'stats', 'stats', '{x}')
    for op in ('sum', 'product', 'mean', 'norm', 'min', 'max', 'minmax', 'argmin', 'argmax', 'any', 'all', 'count'):
        over(CODES + special, f'reduce {op}', 'reduce', op, '{x}')
    for op in ('var', 'std'):
        over(CODES, f'reduce {op}', 'reduce', op, '{x}', '--ddof', '1')
    for op in ('sum', 'mean', 'norm'):
        over(everything, f'reduce {op} --exact', 'reduce', op, '{x}', '--exact')
    for op in ('dot', 'wmean', 'wvar'):
        over(CODES, f'reduce {op}', 'reduce', op, '{x}', 'weights.npy')
    over(CODES, 'reduce dot --exact', 'reduce', 'dot', '{x}', '{c}-other.npy', '--exact')
    for f in CODES:  # a file without a header, its first two or more elements left out
        case(f'sum of raw {f}', 'reduce', 'sum', f'{f}.raw', '--dtype', f, '--offset', '16')
    for op in ('sum', 'product', 'min', 'max'):
        over(CODES + special, f'scan {op}', 'scan', op, '{x}', '-o', 'out.npy', outputs=['out.npy'])
    over(CODES, 'scan sum --exclusive', 'scan', 'sum', '{x}', '-o', 'out.npy', '--exclusive', outputs=['out.npy'])
    over(everything, 'sort', 'sort', '{x}', '-o', 'out.npy', outputs=['out.npy'])
    over(CODES + special, 'sort --descending', 'sort', '{x}', '-o', 'out.npy', '--descending', outputs=['out.npy'])
    over(CODES + special, 'argsort', 'argsort', '{x}', '-o', 'out.npy', outputs=['out.npy'])
    over(CODES, 'argsort --descending', 'argsort', '{x}', '-o', 'out.npy', '--descending', outputs=['out.npy'])
    over(everything, 'unique', 'unique', '{x}', '-o', 'u.npy', '--counts', 'c.npy', '--index', 'i.npy', '--inverse',
         'v.npy', outputs=['u.npy', 'c.npy', 'i.npy', 'v.npy'])
    over(CODES + special, 'select', 'select', 'x > 0.25', '{x}', '-o', 'out.npy', outputs=['out.npy'])
    over(CODES, 'select --indices', 'select', 'x <= y', '{x}', '{c}-other.npy', '-o', 'out.npy', '--indices',
         outputs=['out.npy'])
    over(CODES + special, 'topk', 'topk', '25', '{x}')
    over(CODES + special, 'topk --smallest', 'topk', '25', '{x}', '--smallest')
    over(everything, 'quantile', 'quantile', '0,0.1,0.5,0.731,1', '{x}')
    for rule in ('lower', 'higher', 'nearest', 'midpoint'):
        over(floats, f'quantile {rule}', 'quantile', '0.25,0.333', '{x}', '--interpolation', rule)
    over(CODES + special, 'histogram', 'histogram', '{x}', '--bins', '37', '--range', '-20,90', '-o', 'h.npy',
         outputs=['h.npy'])
    over(CODES, 'histogram of a range found', 'histogram', '{x}', '--bins', '10', '-o', 'h.npy', outputs=['h.npy'])
    over(CODES, 'histogram --by', 'histogram', '{x}', '--bins', '12', '--range', '-20,90', '--by', '{c}-other.npy',
         '-o', 'h.npy', outputs=['h.npy'])
    aggregates = 'count,sum,mean,var,std,min,max'
    written = [f'g.{a}.npy' for a in ['key'] + aggregates.split(',')]
    for keys in ('keys', 'many-keys'):
        over(CODES + special, f'groupby {keys}', 'groupby', f'{keys}.npy', '{x}', '--agg', aggregates, '-o', 'g',
             outputs=written)
    over(CODES + special, 'groupby of values as keys', 'groupby', '{x}', '-o', 'g',
         outputs=['g.key.npy', 'g.count.npy'])
    for text in ('x + y', 'x * y - x / 3', 'sqrt(abs(x))', 'where(x < y, x, y) + 1', 'x % 7', 'floor(x / 3)'):
        over(CODES, f'map {text}', 'map', text, '{x}', '{c}-other.npy', '-o', 'out.npy', outputs=['out.npy'])
    for to in ('f4', 'f8', 'i4', 'u1'):
        over(['i2', 'u4', 'f4', 'f8'], f'map --to {to}', 'map', 'x / 16', '{x}', '-o', 'out.npy', '--to', to,
             outputs=['out.npy'])
    for code in CODES:
        case(f'generate {code}', 'generate', '--dtype', code, '--shape', '31,37', '--seed', '9', '-o', 'out.npy',
             outputs=['out.npy'], splits=[[]])
    for f in ('large-f8', 'large-i8'):
        case(f'sort {f}', 'sort', f'{f}.npy', '-o', 'out.npy', outputs=['out.npy'])
        case(f'argsort {f}', 'argsort', f'{f}.npy', '-o', 'out.npy', outputs=['out.npy'])
        case(f'unique {f}', 'unique', f'{f}.npy', '-o', 'u.npy', '--counts', 'c.npy', '--index', 'i.npy',
             outputs=['u.npy', 'c.npy', 'i.npy'], splits=SORTING_SPLITS)
        case(f'groupby {f}', 'groupby', f'{f}.npy', f'{f}.npy', '--agg', aggregates, '-o', 'g', outputs=written,
             splits=SORTING_SPLITS)
        case(f'stats {f}', 'stats', f'{f}.npy')
        case(f'scan {f}', 'scan', 'sum', f'{f}.npy', '-o', 'out.npy', outputs=['out.npy'], splits=SORTING_SPLITS)
    for op in ('sum', 'product', 'any', 'all', 'count'):
        case(f'reduce {op} of nothing', 'reduce', op, 'none.npy')
    return found


def outcome(prorata, folder, command, outputs, split):
    """The hash of what one run answers, or how it failed."""
    with tempfile.TemporaryDirectory(dir=folder) as here:
        line = [a if a not in outputs and a != 'g' else os.path.join(here, a) for a in command]
        json_wanted = command[0] != 'generate'
        done = subprocess.run([prorata, *line, *split, *(['--json'] if json_wanted else [])], cwd=folder,
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            return f'exit {done.returncode}: {done.stderr.strip()}'
        digest = hashlib.sha256()
        if json_wanted:
            digest.update(json.dumps(json.loads(done.stdout).get('result'), sort_keys=True).encode())
        for name in outputs:
            with open(os.path.join(here, name), 'rb') as f:
                digest.update(f.read())
        return digest.hexdigest()[:16]


def main():
    prorata, record = os.path.abspath(sys.argv[1]), '--record' in sys.argv[2:]
    known = {}
    if not record:
        with open(HASHES) as f:
            known = json.load(f)
    wrong, lines = [], 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        make_files(folder)
        runs = [(name, command, split, pool.submit(outcome, prorata, folder, command, outputs, split))
                for name, command, outputs, splits in cases() for split in splits]
        for name, command, split, run in runs:
            got, lines = run.result(), lines + 1
            if known.setdefault(name, got) != got:
                wrong.append(f'{name}: {got} instead of {known[name]}: prorata {" ".join(command + split)}')
    names = {name for name, *_ in cases()}
    wrong += [f'{name}: recorded, but no case has this name' for name in known if name not in names]
    if record and not wrong:
        with open(HASHES, 'w') as f:
            json.dump({name: known[name] for name in sorted(names)}, f, indent=0)
            f.write('\n')
    print(*wrong[:40], sep='\n')
    print(f'{lines} command lines over {len(names)} cases, {len(wrong)} with other bytes')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
