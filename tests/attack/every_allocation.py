#!/usr/bin/env python3
"""Every allocation of every command fails once: a right answer, or exit code 5, one line and no output.

usage: every_allocation.py PRORATA [--library allocations.so] [--step K] [--from N] [--only COMMAND]

Without --library, PRORATA is a program that counts its allocations itself: prorata_starved, which is how this runs
under AddressSanitizer. --step 1 (the default) tries all of them, in minutes a command; what a command answers when
nothing fails is compared with NumPy elsewhere, and here with what it answers when something does.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

TIMES = re.compile(r'.*\d s(, .*)?$|"seconds":.*')


def jobs(folder):
    """name → arguments and outputs: every command, and every way it goes."""
    r = np.random.default_rng(1)
    path = lambda name: os.path.join(folder, name)
    for name, x in {'x': r.standard_normal(5000), 'y': r.standard_normal(5000), 'k': r.integers(0, 40, 5000), 'b': r.integers(0, 200, 5000).astype('u1'),
                    'c': r.integers(1, 9, 5000).astype('f4'), 'e': np.linspace(-3, 3, 9), 'many': r.integers(0, 2**62, 2_200_000)}.items():
        np.save(path(name + '.npy'), x)
    x, y, k, b, c, e, many = (path(n + '.npy') for n in 'x y k b c e many'.split())
    o, o2, trace = path('o.npy'), path('o2.npy'), path('t.json')
    three = ['--devices', 'cpu*3', '--chunk', '16K', '--weights', '2,0,1', '--threads', '2']
    small = ['--memory', '16M', '--threads', '2']
    return {
        'stats': (['stats', x, *three], []),
        'stats --verify --trace': (['stats', x, *three, '--verify', '100', '--trace', trace], []),
        'map --report': (['map', 'x + 1', x, '-o', o, *three, '--report', path('p.html')], [o]),
        'stats --costs': (['stats', x, *three, '--costs', c], []),
        'stats --json': (['stats', x, '--json'], []),
        'sum': (['reduce', 'sum', x], []),
        'sum --exact': (['reduce', 'sum', x, '--exact', '--json', *three], []),
        'dot': (['reduce', 'dot', x, y, *three], []),
        'minmax': (['reduce', 'minmax', x, *three], []),
        'map': (['map', 'sqrt(abs(x)) + y', x, y, '-o', o, *three], [o]),
        'map --verify': (['map', 'x + 1', x, '-o', o, *three, '--verify', '100'], [o]),
        'scan': (['scan', 'sum', x, '-o', o, *three], [o]),
        'select': (['select', 'x > y', x, y, '-o', o, *three], [o]),
        'select --indices': (['select', 'x > 0', x, '--indices', '-o', o, '--memory', '1K'], [o]),
        'histogram': (['histogram', x, *three], []),
        'histogram --edges --svg': (['histogram', x, '--edges', e, '-o', o, '--svg', path('h.svg')], [o, path('h.svg')]),
        'histogram --by': (['histogram', x, '--by', y, '-o', o, *three], [o]),
        'quantile': (['quantile', '0.1,0.5', x, *three], []),
        'topk': (['topk', '20', x, *three], []),
        'topk --json': (['topk', '20', x, '--json'], []),
        'sort': (['sort', x, '-o', o, *three[:2], '--threads', '2'], [o]),
        'sort of bytes': (['sort', b, '-o', o, '--threads', '2'], [o]),
        'sort by way of the disk': (['sort', many, '-o', o, *small], [o]),
        'argsort': (['argsort', x, '-o', o, '--threads', '2'], [o]),
        'argsort by way of the disk': (['argsort', many, '-o', o, *small], [o]),
        'unique': (['unique', k, '-o', o, '--counts', o2, *three], [o, o2]),
        'unique --inverse --index': (['unique', k, '-o', o, '--inverse', o2, '--index', path('o3.npy')], [o, o2, path('o3.npy')]),
        'unique by way of the disk': (['unique', many, '-o', o, *small], [o]),
        'groupby': (['groupby', k, x, '-o', path('g'), '--agg', 'count,sum,var,min', *three], [path(f'g.{n}.npy') for n in ('key', 'count', 'sum', 'var', 'min')]),
        'groupby by way of the disk': (['groupby', many, '-o', path('g'), *small], [path('g.key.npy'), path('g.count.npy')]),
        'lookup': (['lookup', '--keys', k, '--values', x, '--queries', k, '-o', o, '--found', o2, '--threads', '2'], [o, o2]),
        'join': (['join', k, k, '-o', path('j'), '--how', 'left', '--right-value', 'x=' + x, '--threads', '2'], [path('j.key.npy'), path('j.x.npy'), path('j.found.npy')]),
        'join by way of the disk': (['join', many, many, '-o', path('j'), '--rows', *small], [path(f'j.{n}.npy') for n in ('key', 'left_row', 'right_row')]),
        'generate': (['generate', '--count', '5000', '-o', o], [o]),
        'plan': (['plan', '--n', '100000', '--weights', '3,1,2'], []),
        'plan --costs': (['plan', '--costs', c, '--weights', '3,1,2', '--json'], []),
        'plan --partition lpt': (['plan', '--costs', c, '--weights', '3,1', '--partition', 'lpt'], []),
        'plan --partition range': (['plan', x, '--weights', '3,1', '--partition', 'range'], []),
        'devices': (['devices'], []),
        'help': (['help'], []),
    }


class Attack:
    def __init__(self, prorata, library, folder):
        self.command, self.library, self.folder = [os.path.abspath(prorata)], library, folder
        self.log = os.path.join(folder, 'log')

    def run(self, arguments, outputs, number):
        """Exit code, what was printed but for times, and the outputs' bytes; and what was logged."""
        for name in [*outputs, self.log]:
            if os.path.exists(name):
                os.unlink(name)
        env = {**os.environ, 'PRORATA_ALLOCATION_LOG': self.log, 'PRORATA_ALLOCATION': str(number)}
        if self.library:
            env['LD_PRELOAD'] = os.path.abspath(self.library)
        done = subprocess.run(self.command + arguments, capture_output=True, env=env, cwd=self.folder, timeout=120)
        said = [re.sub(r'"devices":\[[^]]*\]|"seconds":[^,}]*|"gb_per_s":[^,}]*', '', line) for line in done.stdout.decode().split('\n') if not TIMES.match(line) or '{' in line]
        written = []
        for name in outputs:
            written.append(open(name, 'rb').read() if os.path.exists(name) else None)
        with open(self.log) as log:
            told = log.read().split()
        return done.returncode, said, written, done.stderr.decode(), told

    def wrong(self, found, right):
        code, said, written, err, _ = found
        if code == 0:
            return '' if (said, written) == right else 'exit code 0, and another answer'
        if code != 5:
            return f'exit code {code}: {err[-2000:]}'
        if err.count('\n') != 1 or not err.startswith('prorata: '):
            return f'not one line: {err[-2000:]}'
        left = set(os.listdir(self.folder)) - self.there
        return f'left behind: {left}' if any(w is not None for w in written) or left else ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('prorata')
    parser.add_argument('--library')
    parser.add_argument('--step', type=int, default=1)
    parser.add_argument('--runs', type=int, help='so many a command, spread over all of its allocations')
    parser.add_argument('--from', type=int, default=0, dest='first')
    parser.add_argument('--only')
    told = parser.parse_args()
    runs = violations = 0
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(told.prorata, told.library, folder)
        for name, (arguments, outputs) in jobs(folder).items():
            if told.only not in (None, name):
                continue
            code, *right, err, log = attack.run(arguments, outputs, 10**15)
            assert code == 0, (name, err)
            right, total = tuple(right), int(log[-1])
            for out in outputs:
                os.unlink(out)
            attack.there = set(os.listdir(folder))
            step = max(1, total // told.runs) if told.runs else told.step
            mine = failed = 0
            for number in range(told.first, total + 20, step):  # threads take some more or less
                found = attack.run(arguments, outputs, number)
                for extra in set(os.listdir(folder)) - attack.there - {os.path.basename(o) for o in outputs}:
                    if found[0] == 0:
                        os.unlink(os.path.join(folder, extra))
                mine += 1
                failed += 'failed' in found[4]
                why = attack.wrong(found, right)
                if why:
                    violations += 1
                    print(f'{name}: allocation {number} of {total}: {why}\n  {" ".join(arguments)}', flush=True)
            print(f'{name}: {total} allocations, {mine} runs, {failed} failed', flush=True)
            runs += mine
    print(f'{runs} runs, {violations} violations')
    sys.exit(1 if violations else 0)


if __name__ == '__main__':
    main()
