#!/usr/bin/env python3
"""prorata stream against a brute force that takes one record after the other, in fractions.

usage: cli_stream_test.py PRORATA [--long] [--seed N] [unittest arguments]

--long makes 400 random streams instead of 60, and 100 kills instead of 6; --seed begins with another one.
"""
import csv
import fcntl
import fractions
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy as np

from command_line import PRORATA, Case, run

RUNS, SEED = 60, 1
if '--long' in sys.argv:
    sys.argv.remove('--long')
    RUNS = 400
if '--seed' in sys.argv:
    at = sys.argv.index('--seed')
    SEED = int(sys.argv[at + 1])
    del sys.argv[at:at + 2]


# ---- the brute force -------------------------------------------------------------------------------------

def number_text(x):
    text = repr(float(x))
    return text[:-2] if text.endswith('.0') else text


def key_place(key):
    whole = key.lstrip('-').isascii() and key.lstrip('-').isdigit() and str(int(key)) == key and -2**63 <= int(key) < 2**63
    return (0, int(key), b'') if whole else (1, 0, key.encode())


def rounded(x):
    """A fraction as a double."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def exact_sum(x):
    special = [v for v in x if not math.isfinite(v)]
    if special:
        return math.nan if any(v != v for v in special) or len(set(special)) == 2 else special[0]
    if all(v == 0 for v in x):
        return -0.0 if all(math.copysign(1, v) < 0 for v in x) else 0.0
    return rounded(sum(map(fractions.Fraction, x)))


def quantile(x, q):
    x = sorted(x, key=lambda v: (v != v, v, math.copysign(1, v)))
    if x[-1] != x[-1]:
        return math.nan
    h = q * (len(x) - 1)
    low = math.floor(h)
    a, b, t = x[low], x[min(low + 1, len(x) - 1)], h - low
    if t == 0 or a == b:
        return a
    return a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)


def answer(aggregate, records):
    name, _, column = aggregate.partition(':')
    if not column:
        return str(len(records))
    fields = [r[column] for r in records]
    if name == 'count':
        return str(sum(f != '' for f in fields))
    if name == 'distinct':
        return str(len({f for f in fields if f != ''}))
    x = [float(f) for f in fields if f != '']
    if not x:
        return ''
    if name == 'sum':
        return number_text(exact_sum(x))
    finite = all(map(math.isfinite, x))
    if name == 'mean':
        if not finite or all(v == 0 for v in x):
            return number_text(exact_sum(x))
        return number_text(rounded(sum(map(fractions.Fraction, x)) / len(x)))
    if name in ('var', 'std'):
        if not finite:
            return 'nan'
        mean = sum(map(fractions.Fraction, x)) / len(x)
        variance = rounded(sum((fractions.Fraction(v) - mean)**2 for v in x) / len(x))
        return number_text(math.sqrt(variance) if name == 'std' else variance)
    if name in ('min', 'max'):
        if any(v != v for v in x):
            return 'nan'
        best = min if name == 'min' else max
        return number_text(best(x, key=lambda v: (v, math.copysign(1, v))))
    if name.startswith('top'):
        x.sort(key=lambda v: (v != v, -v if v == v else 0, -math.copysign(1, v)))
        return ';'.join(map(number_text, x[:int(name[3:])]))
    return number_text(quantile(x, 0.5 if name == 'median' else float(name[1:]) / 100))


def brute_force(records, window, lateness, advance):
    """[(begin, end, key, records)] in the order of results, and the lines that came too late."""
    kind, *numbers = window.split(':')
    size = int(numbers[0])
    step = int(numbers[1]) if kind == 'sliding' else size
    largest, done, late, open_windows, sessions, counted = None, [], [], {}, {}, {}
    for place, r in enumerate(records):
        t = r['time']
        largest = t if largest is None else max(largest, min(t, largest + advance) if advance else t)
        w, key = largest - lateness, r['key']
        if kind in ('tumbling', 'sliding'):
            first = (t - size) // step + 1
            begins = [k * step for k in range(first, t // step + 1) if k * step + size > w]
            for b in begins:
                open_windows.setdefault((b, b + size, key), []).append(r)
            if not begins:
                late.append(r['line'])
        elif kind == 'session':
            for k, of_key in sessions.items():
                done += [(s[0], s[1] + size, k, s[2]) for s in of_key if s[1] + size <= w]
                of_key[:] = [s for s in of_key if s[1] + size > w]
            of_key = sessions.setdefault(key, [])
            touched = [s for s in of_key if t < s[1] + size and s[0] < t + size]
            if t + size <= w and not touched:
                late.append(r['line'])
                continue
            of_key[:] = [s for s in of_key if s not in touched]
            of_key.append((min([t] + [s[0] for s in touched]), max([t] + [s[1] for s in touched]), sum([s[2] for s in touched], []) + [r]))
        elif t < w:
            late.append(r['line'])
        else:
            counted.setdefault(key, []).append((t, place, r))
    done += [(b, e, key, rs) for (b, e, key), rs in open_windows.items()]
    done += [(s[0], s[1] + size, key, s[2]) for key, of_key in sessions.items() for s in of_key]
    unfilled = []
    for key, rs in counted.items():
        rs.sort(key=lambda r: r[:2])
        for k in range(0, len(rs), size):
            part = rs[k:k + size]
            (done if len(part) == size else unfilled).append((part[0][0], part[-1][0] + 1, key, [r[2] for r in part]))
    order = lambda d: (d[1], d[0], key_place(d[2]))
    return sorted(done, key=order) + sorted(unfilled, key=order), late


def quoted(field, always=False):
    return '"' + field.replace('"', '""') + '"' if always or any(c in field for c in ',"\r\n') else field


def expected(records, window, lateness, advance, aggregates, by):
    for r in records:
        r['key'] = r[by] if by else ''
    results, late = brute_force(records, window, lateness, advance)
    header = ['window_start', 'window_end'] + ([by] if by else []) + [a.replace(':', '_') for a in aggregates]
    lines = [','.join(map(quoted, header))]
    for begin, end, key, rs in results:
        lines.append(','.join([str(begin), str(end)] + ([quoted(key)] if by else []) + [answer(a, rs) for a in aggregates]))
    return ''.join(line + '\n' for line in lines), late


# ---- streams at random ------------------------------------------------------------------------------------

AGGREGATES = ['count', 'count:v', 'sum:v', 'mean:v', 'var:v', 'std:v', 'min:v', 'max:v', 'median:v', 'p90:v', 'p99.9:v', 'p0:v', 'p100:v',
              'top1:v', 'top3:v', 'distinct:user', 'distinct:v', 'sum:x', 'max:x', 'count:user']
KEYS = ['', '0', '7', '-3', '007', '10', '9', '-0', 'a', 'b', 'kappa', 'A', 'é', 'with,comma', 'with "quotes"', 'exactly15bytes_', 'sixteen bytes ok',
        'a key that is much longer than fifteen bytes', 'a key that is much longer than fifteen byteS', '9223372036854775807', '9223372036854775808']


def some_value(r, wild):
    kind = r.random()
    if kind < 0.08:
        return ''
    if kind < 0.5:
        return str(r.randint(-1000, 100000))
    if kind < 0.8 or not wild:
        return '%.*f' % (r.randint(1, 6), r.uniform(-100, 100))
    return r.choice(['1e300', '-1e300', '1e-300', '-0', '0', '-0.0', 'nan', 'inf', '-inf', '5e-324', '123456789012345678', '0.1', '1e22',
                     repr(r.uniform(-1, 1) * 10**r.randint(-20, 20))])


def some_stream(r):
    """A stream: its text, its records as the brute force wants them, its malformed lines, and options."""
    n = r.choice([0, 1, 2, 10, 60, 200, 400, 400, 600])
    keys = r.sample(KEYS, r.choice([1, 2, 3, r.randint(1, len(KEYS))]))
    wild = r.random() < 0.4
    span = r.choice([1, 10, 1000, 10**6])
    begin = r.choice([0, -span // 2, 1700000000000, -5])
    disorder = r.choice([0, span // 20 + 1, span // 20 + 1, span])
    times = sorted(begin + r.randint(0, span) for _ in range(n))
    times = [t for _, t in sorted((t + r.randint(0, disorder), t) for t in times)]
    if n > 5 and r.random() < 0.2:
        times[r.randrange(n)] += 5 * span  # a clock that is ahead
    columns = ['time', 'user', 'v', 'x', 'other']
    r.shuffle(columns)
    crlf, quotes, blank = r.random() < 0.3, r.random() < 0.4, r.random() < 0.2
    malformed_rate = r.choice([0, 0, 0.05])
    lines, records, malformed = [','.join(columns)], [], 0
    for t in times:
        fields = {'time': str(t), 'user': r.choice(keys), 'v': some_value(r, wild), 'x': str(r.randint(0, 9)), 'other': r.choice(['', 'o', 'two words'])}
        if quotes and r.random() < 0.1:
            fields['other'] = 'a line\nand, "another"'
        line = ','.join(quoted(fields[c], quotes and r.random() < 0.3) for c in columns)
        if r.random() < malformed_rate:
            now = ','.join(quoted('now' if c == 'time' else fields[c]) for c in columns)
            line = r.choice([line + ',', line + ',more', 'x', ',,,,', now, line.replace(',', '', 1) if '"' not in line else 'x,y'])
            malformed += 1
        else:
            records.append({**fields, 'time': t, 'line': line})
        lines.append(line)
        if blank and r.random() < 0.1:
            lines.append('')
    end = '\r\n' if crlf else '\n'
    text = end.join(lines) + (end if r.random() < 0.7 else '')
    kind = r.choice(['tumbling', 'sliding', 'session', 'count'])
    size = r.choice([1, max(1, span // 50), max(1, span // 7), span + 1])
    if kind == 'tumbling':
        window = f'tumbling:{size}'
    elif kind == 'sliding':
        parts = r.choice([1, 2, 3, 7])
        window = f'sliding:{size}:{max(1, size // parts)}'
    elif kind == 'session':
        window = f'session:{max(1, size // r.choice([1, 10]))}'
    else:
        window = f'count:{r.choice([1, 2, 3, 10, 1000])}'
    lateness = r.choice([0, disorder, disorder // 3, disorder // 3, 2 * span])
    advance = r.choice([0, 0, max(1, span // 10)])
    aggregates = r.sample(AGGREGATES, r.randint(1, 6))
    by = r.choice(['user', 'user', 'user', 'x', ''])
    return text.encode(), records, malformed, window, lateness, advance, aggregates, by


def json_text(r, text):
    kind = r.random()
    if kind < 0.8:
        return json.dumps(text, ensure_ascii=r.random() < 0.5)
    return '"' + ''.join(f'\\u{ord(c):04x}' for c in text) + '"' if all(ord(c) < 0x10000 for c in text) else json.dumps(text)


def as_json(r, records, malformed):
    """The same records, an object a line, between lines that are none; sets what their lines are."""
    numbers = re.compile(r'-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?')
    lines, wrong = [], 0
    for record in records:
        fields = {k: str(v) for k, v in record.items() if k not in ('line', 'key')}
        fields['junk'] = r.choice(['[1,{"time":5}]', '{"v":[]}', '"a \\"b\\" {"', 'true', '-1.5e3'])
        names = list(fields)
        r.shuffle(names)
        members = []
        for name in names:
            value = fields[name]
            if value == '':
                if r.random() < 0.5:
                    continue
                value = r.choice(['null', '""'])
            elif name != 'junk' and not (numbers.fullmatch(value) and r.random() < 0.8):
                value = json_text(r, value)
            members.append((json_text(r, name) if r.random() < 0.1 else f'"{name}"') + r.choice([':', ' : ']) + value)
        if malformed and r.random() < 0.05:
            whole = '{' + ','.join(members) + '}'
            line = r.choice([whole[:-1], whole + '}', whole + '{}', '[' + whole + ']', 'x', '"', '{}', '{"time":"now"}', '{"time":1 "x":1}', '{"time":[1]}',
                             '{"time":1,"user":{},"v":{},"x":{}}', '{"time":01}', '{"time":1,"x":tru,"user":tru,"v":tru}'])
            lines.append(line)
            wrong += 1
        record['line'] = '{' + r.choice([',', ', ']).join(members) + '}' + ' ' * (r.random() < 0.05)
        lines.append(record['line'])
        if malformed and r.random() < 0.05:
            lines.append('')
    return lines, wrong


def feed(child, text, r):
    """Writes the text cut at any bytes."""
    at = 0
    try:
        while at < len(text):
            size = r.choice([1, 2, 3, 10, 100, 1000])
            os.write(child.stdin.fileno(), text[at:at + size])
            at += size
    except BrokenPipeError:
        pass
    child.stdin.close()


class Streams(Case):
    def test_random_streams_are_those_of_the_brute_force(self):
        for seed in range(SEED, SEED + RUNS):
            self.one_stream(seed)
        print(f'{RUNS} streams, seeds {SEED} to {SEED + RUNS - 1}')

    def one_stream(self, seed):
        r = random.Random(seed)
        text, records, malformed, *options = some_stream(r)
        header = text.decode().splitlines()[0] + '\n'
        for _ in range(2):
            self.compare(r, f'seed {seed}', text, records, malformed, header, *options)
        lines, malformed = as_json(r, records, malformed)
        end = r.choice(['\n', '\n', '\r\n'])
        text = end.join(lines) + end * (r.random() < 0.7)
        self.compare(r, f'seed {seed}, JSON', text.encode(), records, malformed, '', *options)

    def compare(self, r, context, text, records, malformed, late_header, window, lateness, advance, aggregates, by):
        wanted, late = expected(records, window, lateness, advance, aggregates, by)
        path = self.path('in.csv' if late_header else 'in.jsonl')
        with open(path, 'wb') as file:
            file.write(text)
        args = ['--time', 'time', '--window', window, '--agg', ','.join(aggregates), '--lateness', lateness, '--malformed', 'skip',
                '--late', self.path('late.csv')] + (['--by', by] if by else []) + (['--max-advance', advance] if advance else [])
        split = ['--threads', r.choice([1, 2, 3, 7]), '--block', r.choice([1, 1, 30, 100, 1000, '128K'])]
        if by and r.random() < 0.4:
            split += r.choice([['--partition', 'hash:3', '--weights', '1=2.5,0=1,2=0'], ['--partition', 'range:3,10,a', '--weights', '0-1=1,2-3=7'],
                               ['--partition', 'hash:100', '--weights', '0-99=1'], ['--partition', 'range:b']])
        if not late_header and r.random() < 0.5:
            split += ['--format', 'jsonl']
        command = [PRORATA, 'stream', '-', *map(str, args + split)]
        if r.random() < 0.5:
            command[2] = path
            done = subprocess.run(command, capture_output=True, timeout=60)
            out, err, code = done.stdout, done.stderr, done.returncode
        else:
            command += [] if late_header or '--format' in command else ['--format', 'jsonl']
            with open(self.path('out'), 'w+b') as file, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE) as child:
                feed(child, text, r)
                err, code = child.stderr.read(), child.wait(60)
                file.seek(0)
                out = file.read()
        context += f': {" ".join(command)}'
        self.assertEqual(code, 0, (context, err))
        self.assertEqual(out.decode(), wanted, context)
        with open(self.path('late.csv'), 'rb') as file:
            self.assertEqual(file.read().decode(), late_header + ''.join(line + '\n' for line in late), context)
        self.assertEqual(b'could not be read' in err, malformed > 0, (context, err))
        self.assertIn(f'{malformed} record' if malformed else '', err.decode(), context)


class Checkpoints(Case):
    """What is killed goes on, and nobody can tell by the results."""

    def make(self, r, n=10000):
        path = self.path('in.csv')
        with open(path, 'w') as file:
            file.write('time,user,v\n')
            t = -5000
            for _ in range(n):
                t += r.randint(0, 3)
                file.write(f'{t - r.randint(0, 40) * (r.random() < 0.3)},{r.choice(KEYS[:9] + KEYS[-5:])},{some_value(r, True)}\n')
        return path

    def job(self, path, window, *more):
        return ['stream', path, '--time', 'time', '--by', 'user', '--window', window, '--agg', 'count,sum:v,var:v,max:v,p90:v,distinct:v', '--lateness', '20',
                '--late', self.path('late'), '-o', self.path('out'), *more]

    def outputs(self):
        found = []
        for name in ('out', 'late'):
            with open(self.path(name), 'rb') as file:
                found.append(file.read())
            os.remove(self.path(name))
        return found

    def saving(self, r, block=None):
        return ['--checkpoint', self.path('ck'), '--checkpoint-every', '0s', '--block', block or r.choice([100, 500, 2000]), '--threads', r.choice([1, 2, 3]), '--json']

    def test_killed_at_random_moments(self):
        kills, resumed, seed = 0, 0, SEED
        while kills < (100 if RUNS > 60 else 6) or resumed == 0:
            r = random.Random(seed)
            window = ['tumbling:1000', 'sliding:3000:500', 'session:30', 'count:7'][seed % 4]
            path = self.make(r)
            self.assertEqual(run(*self.job(path, window)).returncode, 0)
            undisturbed = self.outputs()
            while True:
                child = subprocess.Popen([PRORATA, *map(str, self.job(path, window, *self.saving(r)))], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                try:
                    out, err = child.communicate(timeout=r.uniform(0.005, 0.08) if r.random() < 0.8 else 60)
                    break
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.communicate()
                    kills += 1
                    if os.path.exists(self.path('out')):  # it was at its very end
                        with open(self.path('out'), 'rb') as file:
                            self.assertEqual(file.read(), undisturbed[0])
            self.assertEqual(child.returncode, 0, (seed, err))
            resumed += json.loads(out)['resumed_at'] > 0
            self.assertEqual(self.outputs(), undisturbed, f'seed {seed}, {window}')
            shutil.rmtree(self.path('ck'))
            seed += 1
        print(f'{kills} kills, seeds {SEED} to {seed - 1}; {resumed} went on from a checkpoint')

    def test_an_input_that_has_grown_goes_on(self):
        r = random.Random(SEED)
        path = self.make(r, 3000)
        job = self.job(path, 'tumbling:100', *self.saving(r, 100))
        self.assertEqual(run(*job).returncode, 0)
        with open(path, 'a') as file:
            file.write('100000,a,1\n')
        done = run(*job)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(json.loads(done.stdout)['resumed_at'], 0)
        found = self.outputs()
        self.assertEqual(run(*self.job(path, 'tumbling:100')).returncode, 0)
        self.assertEqual(found, self.outputs())

    def test_what_is_damaged_or_foreign_is_refused(self):
        r = random.Random(SEED)
        path = self.make(r, 2000)
        job = self.job(path, 'tumbling:100', *self.saving(r, 100))
        self.assertEqual(run(*job).returncode, 0)
        self.outputs()
        for name in ('prorata.state', 'prorata.results', 'prorata.late'):
            with open(self.path('ck/' + name), 'rb') as file:
                whole = file.read()
            for change in range(5):
                at = r.randrange(len(whole))
                damaged = whole[:at] if change < 2 else whole[:at] + bytes([whole[at] ^ 1 << r.randrange(8)]) + whole[at + 1:]
                if name != 'prorata.state':  # what stands behind the checkpoint's place does not count
                    damaged = b'?' + damaged[1:]
                with open(self.path('ck/' + name), 'wb') as file:
                    file.write(damaged)
                self.refused(3, 'checkpoint is', *job)
            with open(self.path('ck/' + name), 'wb') as file:
                file.write(whole)
        for other in (['--lateness', '21'], ['--agg', 'count'], ['--window', 'tumbling:101'], ['--malformed', 'skip'], ['--max-advance', '9s']):
            changed = [w for w in job]
            if other[0] in changed:
                del changed[changed.index(other[0]):changed.index(other[0]) + 2]
            self.refused(3, 'of another job', *changed, *other)
        with open(path, 'r+b') as file:
            file.seek(30)
            file.write(b'7')
        self.refused(3, 'of another input', *job)
        self.assertFalse(os.path.exists(self.path('out')))
        folder = os.open(self.path('ck'), os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.refused(2, 'another job is at', *job)
        os.close(folder)
        self.refused(2, '--checkpoint needs', 'stream', '-', '--time', 't', '--window', 'count:1', '--checkpoint', self.path('ck'), '-o', self.path('out'))
        self.refused(2, '--checkpoint needs', 'stream', path, '--time', 'time', '--window', 'count:1', '--checkpoint', self.path('ck'))
        self.refused(2, 'folder', *self.job(path, 'count:1', '--checkpoint', self.path('nowhere/ck')))


class Rotation(Case):
    ARGUMENTS = ['--time', 't', '--by', 'k', '--time-unit', 's', '--window', 'tumbling:10s']

    def files(self):
        return {path.name: path.read_text() for path in pathlib.Path(self.path('out')).iterdir()}

    def test_files_of_periods_have_all_results(self):
        os.mkdir(self.path('out'))
        r = random.Random(SEED)
        times = sorted(r.randrange(-500, 2000) for _ in range(3000))
        with open(self.path('in.csv'), 'w') as file:
            file.write('t,k\n' + ''.join(f'{t},{r.randrange(5)}\n' for t in times if not 300 <= t < 900))
        all_of_it = run('stream', self.path('in.csv'), *self.ARGUMENTS).stdout.splitlines()
        done = run('stream', self.path('in.csv'), *self.ARGUMENTS, '-o', self.path('out/o.csv'), '--rotate', '2m')
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = {}
        for line in all_of_it[1:]:
            begin = int(line.split(',')[1]) // 120 * 120
            expected.setdefault(f'o.{begin}.csv', all_of_it[0] + '\n')
            expected[f'o.{begin}.csv'] += line + '\n'
        self.assertGreater(len(expected), 10)
        self.assertEqual(self.files(), expected)

    def test_a_killed_job_leaves_whole_files(self):
        os.mkdir(self.path('out'))
        with subprocess.Popen([PRORATA, 'stream', '-', *self.ARGUMENTS, '-o', self.path('out/o'), '--rotate', '100s'],
                              stdin=subprocess.PIPE) as child:
            child.stdin.write(b't,k\n5,a\n95,b\n95,a\n111,a\n250,a\n')
            child.stdin.flush()
            limit = time.monotonic() + 20
            while 'o.0' not in os.listdir(self.path('out')) and time.monotonic() < limit:
                time.sleep(0.01)
                child.stdin.write(b'250,a\n')
                child.stdin.flush()
            child.kill()
        header = 'window_start,window_end,k,count\n'
        self.assertEqual(self.files(), {'o.0': header + '0,10,a,1\n'})

    def test_what_does_not_go_together_is_refused(self):
        with open(self.path('in.csv'), 'w') as file:
            file.write('t,k\n1,a\n')
        for more in (['--rotate', '1h'], ['--rotate', '0s', '-o', self.path('o')], ['--rotate', '1ms', '-o', self.path('o')],
                     ['--rotate', '1h', '-o', self.path('o'), '--checkpoint', self.path('ck')]):
            self.assertEqual(run('stream', self.path('in.csv'), *self.ARGUMENTS, *more).returncode, 2, more)
        with open(self.path('o.0.csv'), 'w') as file:  # an input is no output
            file.write('t,k\n1,a\n')
        done = run('stream', self.path('o.0.csv'), *self.ARGUMENTS, '--rotate', '1h', '-o', self.path('o.csv'))
        self.assertEqual((done.returncode, pathlib.Path(self.path('o.0.csv')).read_text()), (2, 't,k\n1,a\n'))


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def metrics_of(port, request=b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'):
    """The answer's code, and its text."""
    with socket.create_connection(('127.0.0.1', port), 30) as guest:
        for at in range(0, len(request), 5):
            guest.sendall(request[at:at + 5])
        answer = b''
        while more := guest.recv(4096):
            answer += more
    head, _, body = answer.partition(b'\r\n\r\n')
    assert b'Content-Length: %d\r\n' % len(body) in head, answer
    return head.split(b'\r\n')[0].split()[1], body.decode()


def wait_for_records(port, count):
    """Until a stream with --metrics has read so many."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if f'\nprorata_stream_records_total {count}\n' in metrics_of(port)[1]:
                return
        except (ConnectionError, IndexError):
            pass
        time.sleep(0.005)
    raise AssertionError(f'there were never {count} records')


class Tcp(Case):
    ARGS = ['--time', 't', '--time-unit', 's', '--by', 'k', '--window', 'tumbling:10s']

    def serve(self, talk):
        """The address of a server that has one guest."""
        server = socket.socket()
        self.addCleanup(server.close)
        server.bind(('127.0.0.1', 0))
        server.listen(1)
        server.settimeout(60)

        def serve():
            guest, _ = server.accept()
            with guest:
                talk(guest)
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        return f'tcp://127.0.0.1:{server.getsockname()[1]}'

    def test_lines_until_the_server_closes(self):
        r = random.Random(SEED)
        text = 't,k\n' + ''.join(f'{t},{r.randint(0, 5)}\n' for t in range(3000))
        with open(self.path('in.csv'), 'w') as file:
            file.write(text)
        wanted = run('stream', self.path('in.csv'), *self.ARGS).stdout
        lines = ''.join('{"t":%s,"k":%s}\n' % tuple(line.split(',')) for line in text.splitlines()[1:])
        for form, sent in (('csv', text), ('jsonl', lines)):
            def talk(guest):
                at = 0
                while at < len(sent):
                    size = r.choice([1, 7, 100, 3000])
                    guest.sendall(sent[at:at + size].encode())
                    at += size
            done = run('stream', self.serve(talk), *self.ARGS, '--format', form)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, wanted, ''))

    def test_a_wish_to_end_gives_out_what_is_open(self):
        for number in (signal.SIGINT, signal.SIGTERM, None):  # None: nothing comes for a while
            finish = threading.Event()

            def talk(guest):
                guest.sendall(b't,k\n1,a\n2,a\n15,b\n3')
                finish.wait(60)
            port = free_port()
            command = [PRORATA, 'stream', self.serve(talk), *self.ARGS, '-o', self.path('out'), '--metrics', str(port)] + (['--idle', '1s'] if number is None else [])
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
                if number is not None:
                    wait_for_records(port, 3)
                    self.assertFalse(os.path.exists(self.path('out')))
                    child.send_signal(number)
                said = child.stderr.read()
                self.assertEqual(child.wait(60), 0, said)
            finish.set()
            self.assertIn(b'1 byte were left out: a record whose end had not come', said)
            with open(self.path('out')) as file:
                self.assertEqual(file.read(), 'window_start,window_end,k,count\n0,10,a,2\n10,20,b,1\n')
            os.remove(self.path('out'))

    def test_a_server_that_is_not_there_or_goes_away(self):
        before = os.listdir(self.dir)
        args = [*self.ARGS, '-o', self.path('out')]
        self.refused(4, 'refused', 'stream', f'tcp://127.0.0.1:{free_port()}', *args)
        self.refused(4, 'refused', 'stream', f'tcp://localhost:{free_port()}', *args)
        for wrong in ('tcp://', 'tcp://localhost', 'tcp://localhost:', 'tcp://localhost:70000', 'tcp://:80', 'tcp://localhost:80/x', 'redis://localhost:1', 'redis://localhost/x'):
            self.refused(2, 'expected', 'stream', wrong, *args)

        def reset(guest):
            guest.sendall(b't,k\n1,a\n')
            time.sleep(0.1)
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.refused(4, 'reset', 'stream', self.serve(reset), *args)
        self.refused(2, '--checkpoint needs', 'stream', 'tcp://localhost:1', *args, '--checkpoint', self.path('ck'))
        self.refused(2, 'a file ends', 'stream', sys.argv[0], *args, '--idle', '1s')
        self.assertEqual(os.listdir(self.dir), before)


class Redis:
    """A connection to a server, and the server."""

    def __init__(self, port, folder=None):
        self.process = None
        if folder is not None:
            self.process = subprocess.Popen(['redis-server', '--port', str(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
                                            stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                self.socket = socket.create_connection(('127.0.0.1', port), 30)
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        self.file = self.socket.makefile('rb')

    def close(self):
        self.file.close()
        self.socket.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def answer(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b'$':
            return None if rest == b'-1' else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b'*':
            return None if rest == b'-1' else [self.answer() for _ in range(int(rest))]
        if kind == b'-':
            raise ValueError(rest.decode())
        return rest.decode()

    def __call__(self, *words):
        words = [str(w).encode() for w in words]
        self.socket.sendall(b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words))
        return self.answer()


class RedisStreams(Case):
    @classmethod
    def setUpClass(cls):
        if shutil.which('redis-server') is None:
            print('\nSKIPPED: redis-server is not installed; streams from and to Redis are not tested', file=sys.stderr, flush=True)
            raise unittest.SkipTest('no redis-server')
        cls.port, cls.server_folder = free_port(), tempfile.TemporaryDirectory()
        cls.redis = Redis(cls.port, cls.server_folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.redis.close()
        cls.server_folder.cleanup()

    def setUp(self):
        super().setUp()
        self.redis('FLUSHALL')

    def url(self, name):
        return f'redis://127.0.0.1:{self.port}/{name}'

    def results(self, name):
        """What stands in a stream of results, and whether it has ended."""
        entries = [dict(zip(e[1][::2], e[1][1::2])) for e in self.redis('XRANGE', name, '-', '+')]
        ends = [e for e in entries if 'end' in e]
        self.assertTrue(len(ends) <= 1 and (not ends or 'end' in entries[-1]))
        return (entries[0]['header'] + '\n' if entries else '') + ''.join(e.get('lines', '') for e in entries), bool(ends)

    def put(self, name, path, r):
        """A file's records in entries of any number."""
        with open(path) as file:
            header, *lines = file.read().splitlines()
        at = 0
        while at < len(lines):
            size = r.choice([1, 1, 5, 20, 100])
            self.redis('XADD', name, '*', *(['header', header] if at == 0 or r.random() < 0.2 else []), r.choice(['lines', 'records']),
                       '\n'.join(lines[at:at + size]) + '\n' * r.randint(0, 1))
            at += size
        return len(lines)

    def make(self, r, n):
        with open(self.path('in.csv'), 'w') as file:
            file.write('time,user,v\n')
            for k in range(n):
                file.write(f'{k - r.randint(0, 40) * (r.random() < 0.3)},{r.choice(KEYS[:13])},{some_value(r, True)}\n'.replace('with,comma', '"with,comma"')
                           .replace('with "quotes"', 'quotes'))
        return self.path('in.csv')

    def job(self, source, window, *more):
        return ['stream', source, '--time', 'time', '--by', 'user', '--window', window, '--agg', 'count,sum:v,p90:v', '--lateness', '20', *more]

    def test_entries_are_records(self):
        r = random.Random(SEED)
        path = self.make(r, 2000)
        wanted = run(*self.job(path, 'tumbling:100')).stdout
        self.put('in', path, r)
        self.redis('XADD', 'in', '*', 'end', '1')
        self.redis('XADD', 'in', '*', 'lines', 'nobody reads this')
        for threads, block in ((1, 100), (2, 1000), (3, '128K')):
            done = run(*self.job(self.url('in'), 'tumbling:100', '--threads', threads, '--block', block))
            self.assertEqual((done.returncode, done.stdout), (0, wanted), done.stderr)
        # one record an entry, which names its columns; in CSV and in JSON
        with open(path) as file:
            for record in csv.DictReader(file):
                self.redis('XADD', 'single', '*', *sum(([k, v] for k, v in record.items() if v != ''), []))
        for form in ('csv', 'jsonl'):
            if form == 'csv':
                self.redis('XADD', 'first', '*', 'header', 'user,v,time', 'lines', '')
                for entry in self.redis('XRANGE', 'single', '-', '+'):
                    self.redis('XADD', 'first', '*', *entry[1])
            done = run(*self.job(self.url('first' if form == 'csv' else 'single'), 'tumbling:100', '--format', form, '--idle', '300ms'))
            self.assertEqual((done.returncode, done.stdout), (0, wanted), done.stderr)

    def test_killed_at_random_moments(self):
        kills, resumed, seed = 0, 0, SEED
        while kills < (100 if RUNS > 60 else 4) or resumed == 0:
            r = random.Random(seed)
            self.redis('FLUSHALL')
            window = ['tumbling:1000', 'sliding:3000:500', 'session:30', 'count:7'][seed % 4]
            path = self.make(r, 10000)
            start = time.monotonic()
            wanted = run(*self.job(path, window)).stdout
            seconds = time.monotonic() - start
            self.put('in', path, r)
            self.redis('XADD', 'in', '*', 'end', '1')
            to_redis = seed % 2 == 1
            job = self.job(self.url('in'), window, '-o', self.url('out') if to_redis else self.path('out'), '--late', self.path('late'),
                           '--checkpoint', self.path('ck'), '--checkpoint-every', '0s', '--block', r.choice([100, 500, 2000]), '--threads', r.choice([1, 2, 3]), '--json')
            for _ in range(100):
                child = subprocess.Popen([PRORATA, *map(str, job)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                try:
                    out, err = child.communicate(timeout=r.uniform(0.2, 1.5) * seconds if r.random() < 0.8 else 60)
                    break
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.communicate()
                    kills += 1
            context = f'seed {seed}, {window}, {job}'
            self.assertEqual(child.returncode, 0, (context, err))
            resumed += json.loads(out)['resumed_at'] != 0
            if to_redis:
                self.assertEqual(self.results('out'), (wanted, True), context)
                again = run(*job)  # the same results are not written twice
                self.assertEqual((again.returncode, self.results('out')), (0, (wanted, True)), (context, again.stderr))
            else:
                with open(self.path('out')) as file:
                    self.assertEqual(file.read(), wanted, context)
            shutil.rmtree(self.path('ck'))
            seed += 1
        print(f'{kills} kills, seeds {SEED} to {seed - 1}; {resumed} went on from a checkpoint')

    def test_a_wish_to_end_keeps_windows_open_for_a_checkpoint(self):
        self.redis('XADD', 'in', '*', 'header', 'time,user,v', 'lines', '1,a,1\n150,a,2\n')
        for sink in (self.path('out'), self.url('out')):
            job = self.job(self.url('in'), 'tumbling:100', '-o', sink, '--checkpoint', self.path('ck'), '--json')
            port = free_port()
            with subprocess.Popen([PRORATA, *job, '--metrics', str(port)], stdout=subprocess.PIPE) as child:
                wait_for_records(port, 2)
                child.send_signal(signal.SIGINT)
                out = child.stdout.read()
                self.assertEqual((child.wait(60), json.loads(out)['stopped'], json.loads(out)['results']), (0, True, 1))
            self.redis('XADD', 'in', '*', 'lines', '160,a,3\n')
            again = run(*job, '--idle', '200ms')
            self.assertEqual((again.returncode, json.loads(again.stdout)['results']), (0, 1), again.stderr)
            self.redis('XADD', 'in', '*', 'lines', '170,a,4', 'end', 'yes')
            last = run(*job)
            self.assertEqual(last.returncode, 0, last.stderr)
            wanted = 'window_start,window_end,user,count,sum_v,p90_v\n0,100,a,1,1,1\n100,200,a,3,9,3.8\n'
            if sink == self.path('out'):
                with open(sink) as file:
                    self.assertEqual(file.read(), wanted)
                shutil.rmtree(self.path('ck'))
                for entry in self.redis('XRANGE', 'in', '-', '+')[1:]:
                    self.redis('XDEL', 'in', entry[0])
            else:
                self.assertEqual(self.results('out'), (wanted, True))

    def test_what_is_foreign_is_refused(self):
        self.redis('XADD', 'in', '*', 'header', 'time,user,v', 'lines', '1,a,1\n150,a,2\n')
        job = self.job(self.url('in'), 'tumbling:100', '-o', self.url('out'), '--idle', '100ms', '--checkpoint', self.path('ck'))
        self.assertEqual(run(*job).returncode, 0)
        self.redis('XADD', 'out', '*', 'x', 'y')
        self.refused(3, 'somebody else', *job)
        self.redis('DEL', 'out')
        self.refused(3, 'has 0 results, and the checkpoint knows of 1', *job)
        self.refused(3, 'of another job', *[{'20': '21'}.get(w, w) for w in job])
        without = [w for w in job if w not in ('--checkpoint', self.path('ck'))]
        self.assertEqual(run(*without).returncode, 0)
        self.refused(3, 'has results already', *without)
        self.redis('DEL', 'in')
        self.redis('XADD', 'in', '1-0', 'header', 'time,user,v', 'lines', '1,a,1\n150,a,2\n')
        self.refused(3, 'of another stream', *job)
        self.redis('SET', 'text', 'x')
        self.refused(4, 'WRONGTYPE', *self.job(self.url('text'), 'tumbling:100', '--idle', '1s'))
        self.redis('XADD', 'quote', '*', 'header', 'time,user,v', 'lines', '1,"a,1\n150,a,2\n')
        self.refused(3, 'a quoted field does not end', *self.job(self.url('quote'), 'tumbling:100', '--idle', '1s'))
        self.redis('XADD', 'other', '*', 'header', 'time,user,v', 'lines', '1,a,1')
        self.redis('XADD', 'other', '*', 'header', 'time,user,w', 'lines', '1,a,1')
        self.refused(3, 'another header', *self.job(self.url('other'), 'tumbling:100', '--idle', '1s'))
        self.redis('XADD', 'none', '*', 'lines', 'x')
        self.refused(3, 'no field header', *self.job(self.url('none'), 'tumbling:100'))
        self.refused(3, 'no header line', *self.job(self.url('nothing'), 'tumbling:100', '--idle', '100ms'))

    def test_a_server_that_is_not_there_or_goes_away(self):
        self.make(random.Random(SEED), 10)
        before = set(os.listdir(self.dir))
        self.refused(4, 'refused', *self.job(f'redis://127.0.0.1:{free_port()}/s', 'tumbling:100', '-o', self.path('out')))
        self.refused(4, 'refused', *self.job(self.path('in.csv'), 'tumbling:100', '-o', f'redis://127.0.0.1:{free_port()}/s'))
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            second = Redis(port, folder)
            try:
                second('XADD', 'in', '*', 'header', 'time,user,v', 'lines', '1,a,1\n150,a,2\n')
                metrics = free_port()
                with subprocess.Popen([PRORATA, *self.job(f'redis://127.0.0.1:{port}/in', 'tumbling:100', '-o', self.path('out'), '--metrics', str(metrics))],
                                      stderr=subprocess.PIPE) as child:
                    wait_for_records(metrics, 2)
                    second.process.kill()
                    said = child.stderr.read()
                    self.assertEqual((child.wait(60), said.count(b'prorata: ')), (4, 1), said)
            finally:
                second.close()
        self.assertEqual(set(os.listdir(self.dir)), before)


class Joins(Case):
    def test_a_join_is_that_of_a_dictionary(self):
        for seed in range(SEED, SEED + 8):
            r = random.Random(seed)
            n = [300, 300, 5, 300, 0][seed % 5]
            key_type, value_type = ['u8', '<i4', 'i8', 'i1', '>u8', 'b1'][seed % 6], ['i8', 'u2', 'f8', '>f4', 'b1', 'f2', 'u8'][seed % 7]
            tables = []
            for _ in range(2):
                keys = np.array([r.randint(0, 1) if key_type == 'b1' else r.choice([r.randint(0, 60), r.randint(0, 60), 127]) for _ in range(n)], key_type)
                if n and key_type[-2:] == 'u8':
                    keys[0] = 2**64 - 1
                if n and key_type[0] == 'i':
                    keys[0] = -1
                values = np.array([r.randint(0, 1) if value_type == 'b1' else r.randint(0, 900) / (8 if 'f' in value_type else 1) for _ in range(n)], value_type)
                tables.append((keys, values, {int(k): number_text(float(v)) for k, v in zip(keys, values)}))
            records, text = [], 't,ad,v,shop\n'
            unmatched = 0
            for t in range(400):
                ad, shop = (str(r.choice([-1, r.randint(0, 60), 2**64 - 1, '', 'x', '1.0'])) for _ in range(2))
                text += f'{t},{ad},{t % 7},{shop}\n'
                look = [table[2].get(int(k)) if k.lstrip('-').isdigit() else None for table, k in zip(tables, (ad, shop))]
                if None in look:
                    unmatched += 1
                else:
                    records.append({'time': t, 't': str(t), 'ad': ad, 'v': str(t % 7), 'shop': shop, 'campaign': look[0], 'city': look[1], 'line': ''})
            aggregates = ['count', 'sum:campaign', 'max:v', 'distinct:city', 'sum:city', 'count:ad']
            by = r.choice(['campaign', 'ad', 'city'])
            wanted, _ = expected(records, 'tumbling:50', 0, 0, aggregates, by)
            lines = ''.join('{"t":%s,"ad":"%s","v":%s,"shop":"%s"}\n' % tuple(line.split(',')) for line in text.splitlines()[1:])
            for name, content in (('in.csv', text), ('in.jsonl', lines)):
                with open(self.path(name), 'w') as file:
                    file.write(content)
                joins = []
                for column, key, table in (('campaign', 'ad', tables[0]), ('city', 'shop', tables[1])):
                    joins += ['--join', f'{column}={key}:' + self.save(f'{column}k.npy', table[0]) + ',' + self.save(f'{column}v.npy', table[1])]
                done = run('stream', self.path(name), '--time', 't', '--by', by, '--window', 'tumbling:50', '--agg', ','.join(aggregates), *joins,
                           '--block', r.choice([1, 200, '128K']), '--threads', r.choice([1, 3]), '-o', self.path('out'), '--json')
                context = f'seed {seed}, {name}, {key_type}, {value_type}'
                self.assertEqual(done.returncode, 0, (context, done.stderr))
                with open(self.path('out')) as file:
                    self.assertEqual(file.read(), wanted, context)
                self.assertEqual(json.loads(done.stdout)['unmatched'], unmatched, context)
                self.assertEqual(f'{unmatched} record' in done.stderr, unmatched > 0, (context, done.stderr))

    def test_late_records_and_refusals(self):
        path = self.path('in.csv')
        with open(path, 'w') as file:
            file.write('t,k\n1,7\n50,8\n100,7\n2,7\n3,8\n')
        keys, values = self.save('k.npy', np.array([7, 7])), self.save('v.npy', np.array([5, 6]))
        base = ['stream', path, '--time', 't', '--by', 'c', '--window', 'tumbling:10']
        done = run(*base, '--join', f'c=k:{keys},{values}', '--late', self.path('late'))
        self.assertEqual(done.stdout, 'window_start,window_end,c,count\n0,10,6,1\n100,110,6,1\n')
        with open(self.path('late')) as file:
            self.assertEqual(file.read(), 't,k\n2,7\n')
        three, floats = self.save('three.npy', np.array([1, 2, 3])), self.save('f.npy', np.array([1.5, 2]))
        for code, fragment, join in [(2, 'expected NAME=COLUMN', 'k.npy,v.npy'), (2, 'a name is empty', f'=k:{keys},{values}'), (2, 'no column', f'c=x:{keys},{values}'),
                                     (2, "a column 't' already", f't=k:{keys},{values}'), (3, 'No such file', f'c=k:{keys}x,{values}'),
                                     (3, 'keys are integers', f'c=k:{floats},{values}'), (3, 'three.npy: it has 3 elements', f'c=k:{keys},{three}')]:
            self.refused(code, fragment, *base, '--join', join)
        self.refused(2, 'no column', *base)


class Weights(Case):
    def test_sub_streams_are_served_in_proportion_while_all_wait(self):
        r = random.Random(SEED)
        path = self.path('in.csv')
        with open(path, 'w') as file:
            file.write('t,k,v\n' + ''.join(f'{t},{r.randint(0, 89)},{r.random()}\n' for t in range(60000)))
        whole = run('stream', path, '--time', 't', '--by', 'k', '--window', 'sliding:1s:500ms', '--agg', 'count,sum:v')
        for threads in (1, 2, 3):
            done = run('stream', path, '--time', 't', '--by', 'k', '--window', 'sliding:1s:500ms', '--agg', 'count,sum:v', '--partition', 'range:30,60',
                       '--weights', '0=5,1=3,2=2', '--block', '4K', '--threads', threads, '-o', self.path('out'), '--json')
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(self.path('out')) as file:
                self.assertEqual(file.read(), whole.stdout)
            found = json.loads(done.stdout)['sub_streams']
            self.assertEqual(sum(s['records'] for s in found), 60000)
            self.assertGreater(sum(s['contended_records'] for s in found), 20000)
            for s in found:
                self.assertAlmostEqual(s['share_while_all_wait'], s['weight'] / 10, delta=0.02, msg=found)
                self.assertTrue(0 < s['latency_ms']['p50'] <= s['latency_ms']['p99'], found)
        background = json.loads(run('stream', path, '--time', 't', '--by', 'k', '--window', 'count:10', '--partition', 'range:30,60', '--weights', '0=1,1=0,2=1',
                                    '--block', '4K', '-o', self.path('out'), '--json').stdout)['sub_streams']
        self.assertEqual(background[1]['contended_records'], 0)
        self.assertEqual(background[1]['records'], sum(1 for line in open_lines(path) if 30 <= int(line.split(',')[1]) < 60))

    def test_refusals(self):
        path = self.path('in.csv')
        with open(path, 'w') as file:
            file.write('t,k\n1,a\n')
        base = ['stream', path, '--time', 't', '--window', 'count:1']
        for fragment, args in [('expected hash', ['--partition', 'hush:3']), ('at most 4096', ['--partition', 'hash:5000']), ('does not stand behind', ['--partition', 'range:a,3']),
                               ('has none', ['--weights', '0-14=1']), ('has a weight already', ['--weights', '0-15=1,3=1']), ('0 to 15', ['--weights', '0-16=1']),
                               ('expected PARTITIONS=WEIGHT', ['--weights', '3']), ('', ['--weights', '0-15=-1']), ('', ['--weights', '0-15=x'])]:
            self.refused(2, fragment, *base, '--by', 'k', *args)
        self.refused(2, '--by', *base, '--weights', '0-15=1')


    def test_weights_from_a_file_that_changes(self):
        path, results = self.path('weights'), self.path('out')

        def set_weights(text):
            with open(path + '.new', 'w') as file:
                file.write(text)
            os.replace(path + '.new', path)
        set_weights('0-1=5\n2=1\n3=0,\n')
        command = [PRORATA, 'stream', '-', '--time', 't', '--by', 'k', '--window', 'tumbling:10', '--partition', 'range:1,2,3', '--weights-file', path,
                   '-o', results, '--json', '--metrics', str(port := free_port())]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            os.write(child.stdin.fileno(), b't,k\n')
            for count, text in [(1, '0-1=5\n2=1\n3=0'), (2, '0-1=5,2=x,3=0'), (3, '0-1=1\n2-3=1'), (4, '0-1=2,2=1e300,3=0'), (5, '0-1=4\n2=0.5\n3=1.5\n')]:
                set_weights(text)
                os.write(child.stdin.fileno(), b'%d,3\n' % count)
                wait_for_records(port, count)
            child.stdin.close()
            found = json.loads(child.stdout.read())['sub_streams']
            said = child.stderr.read()
            self.assertEqual(child.wait(60), 0)
        self.assertEqual([s['weight'] for s in found], [4, 0.5, 1.5])
        self.assertEqual(said.count(b'its weights were not taken'), 3, said)
        base = ['stream', results, '--time', 'window_start', '--by', 'k', '--window', 'count:1']
        self.refused(2, '--weights, or --weights-file', *base, '--weights', '0-15=1', '--weights-file', path)
        self.refused(3, 'No such file', *base, '--weights-file', self.path('nowhere'))
        self.refused(2, 'has none', *base, '--weights-file', path)

    def test_metrics(self):
        port = free_port()
        command = [PRORATA, 'stream', '-', '--time', 't', '--time-unit', 's', '--by', 'k', '--window', 'tumbling:10s', '--weights', '0-3=2.5,4-15=1',
                   '--metrics', str(port), '--malformed', 'skip', '-o', self.path('out'), '--json', '--progress', 'always']
        now = int(time.time())

        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            os.write(child.stdin.fileno(), b't,k\n')
            os.write(child.stdin.fileno(), b'%d,a\nx,b\n%d,b\n%d,a\n' % (now - 100, now - 50, now - 200))
            wait_for_records(port, 3)
            idle = socket.create_connection(('127.0.0.1', port), 30)  # who says nothing does not keep others waiting for long
            code, text = metrics_of(port)
            idle.close()
            self.assertEqual(code, b'200')
            found = {}
            for line in text.splitlines():
                if not line.startswith('#'):
                    name, value = re.fullmatch(r'(prorata_stream_[a-z0-9_]+(?:\{partitions="\d+-\d+"\})?) (\S+)', line).groups()
                    self.assertNotIn(name, found)
                    found[name] = float(value)
                    family = name.partition('{')[0]
                    self.assertIn(f'# TYPE {family} {"counter" if family.endswith("_total") else "gauge"}\n', text)
                    self.assertIn(f'# HELP {family} ', text)
            for name, value in {'records_total': 3, 'late_records_total': 1, 'malformed_records_total': 1, 'results_total': 1, 'open_groups': 1,
                                'event_time_seconds': now - 50, 'sub_stream_weight{partitions="0-3"}': 2.5}.items():
                self.assertEqual(found['prorata_stream_' + name], value, text)
            self.assertTrue(50 <= found['prorata_stream_lag_seconds'] < 110, text)
            self.assertEqual(sum(v for k, v in found.items() if 'sub_stream_records_total' in k), 3)
            self.assertGreater(max(v for k, v in found.items() if 'latency_p99' in k), 0)
            self.assertEqual(metrics_of(port, b'GET /x HTTP/1.1\r\n\r\n')[0], b'404')
            self.assertEqual(metrics_of(port, b'POST /metrics HTTP/1.1\r\n\r\n')[0], b'405')
            self.assertEqual(metrics_of(port, b'x' * 8192)[0], b'405')
            self.refused(4, 'in use', 'stream', '-', '--time', 't', '--window', 'count:1', '--metrics', f'127.0.0.1:{port}', input='t,k\n')
            child.stdin.close()
            report = json.loads(child.stdout.read())
            self.assertTrue(50 <= report['lag_s'] < 110, report)
            self.assertRegex(child.stderr.read(), rb'3 records .*  lag \d+(\.\d+)? s')
            self.assertEqual(child.wait(60), 0)
        self.refused(2, 'expected PORT', 'stream', '-', '--time', 't', '--window', 'count:1', '--metrics', 'x', input='t,k\n')


def open_lines(path):
    with open(path) as file:
        return file.read().splitlines()[1:]


class Said(Case):
    def csv(self, text, name='in.csv'):
        with open(self.path(name), 'w', newline='') as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def stream(self, path, *args):
        return ['stream', path, '--time', 't', '--by', 'k', '--window', 'tumbling:10s', '--time-unit', 's', *args]

    def test_the_example_of_the_manual(self):
        path = self.csv('t,k,v\n1,a,1.5\n3,b,2\n12,a,3\n-4,a,7\n')
        done = run(*self.stream(path, '--agg', 'count,sum:v,mean:v', '--lateness', '1m'))
        self.assertEqual(done.stdout, 'window_start,window_end,k,count,sum_v,mean_v\n-10,0,a,1,7,7\n0,10,a,1,1.5,1.5\n0,10,b,1,2,2\n10,20,a,1,3,3\n')
        self.assertEqual(done.stderr, '')

    def test_a_late_record_is_said_and_kept(self):
        path = self.csv('t,k\n1,a\n30,a\n2,"b"\n')
        done = run(*self.stream(path, '-o', self.path('out.csv'), '--late', self.path('late.csv'), '--json'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('1 record came after', done.stderr)
        self.assertIn('28 s', done.stderr)
        self.assertIn('"late":1', done.stdout)
        self.assertEqual(self.read('late.csv'), 't,k\n2,"b"\n')
        self.assertEqual(self.read('out.csv'), 'window_start,window_end,k,count\n0,10,a,1\n30,40,a,1\n')

    def test_a_wrong_clock_is_bounded(self):
        path = self.csv('t,k\n1,a\n2000000000,a\n3,a\n')
        self.assertIn('1 record came after', run(*self.stream(path)).stderr)
        done = run(*self.stream(path, '--max-advance', '5s'))
        self.assertEqual((done.stderr, done.stdout.splitlines()[1]), ('', '0,10,a,2'))

    def test_results_come_as_windows_close(self):
        child = subprocess.Popen([PRORATA, *self.stream('-')], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.write(child.stdin.fileno(), b't,k\n')
        self.assertEqual(child.stdout.readline(), b'window_start,window_end,k,count\n')
        os.write(child.stdin.fileno(), b'1,a\n2,a\n15,')
        os.write(child.stdin.fileno(), b'b\n')
        self.assertEqual(child.stdout.readline(), b'0,10,a,2\n')
        child.stdin.close()
        self.assertEqual(child.stdout.read(), b'10,20,b,1\n')
        self.assertEqual(child.wait(), 0)
        child.stdout.close()

    def test_the_status_line(self):
        path = self.csv('t,k\n1,a\n30,a\n2,b\n')
        done = run(*self.stream(path, '--progress', 'always', '--weights', '0-15=1'))
        self.assertRegex(done.stderr, r'^[\r\n]stream: 3 records  \S+ M/s  2 results  1 late  0 open  \[0\] p50 \S+ p99 \S+ ms *\nprorata: note: 1 record came')
        self.refused(2, '--progress', *self.stream(path, '--progress', 'yes'))

    def test_an_output_is_whole_or_not_there(self):
        path = self.csv('t,k\n' + ''.join(f'{t},k{t % 7}\n' for t in range(1000)) + 'x,a\n')
        before = set(os.listdir(self.dir))
        self.refused(3, "line 1002: a time is a whole number, not 'x' in column t", *self.stream(path, '-o', self.path('o'), '--late', self.path('l')))
        self.assertEqual(set(os.listdir(self.dir)), before)
        self.out_of_room(512, *self.stream(path, '-o', self.path('o'), '--malformed', 'skip'))
        closed = subprocess.run(f'{PRORATA} {" ".join(self.stream(path, "--malformed", "skip"))} | true; exit ${{PIPESTATUS[0]}}',
                                shell=True, executable='/bin/bash', capture_output=True)
        self.assertIn(closed.returncode, (0, 141))
        with open('/dev/full', 'w') as full:
            done = subprocess.run([PRORATA, *self.stream(path, '--malformed', 'skip')], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr.count('\n')), (5, 1), done.stderr)

    def test_what_is_wrong_is_said_with_its_line(self):
        for line, fragment, text in [
                (3, "no number: 'abc' in column v", 't,k,v\n1,a,1\n2,a,abc\n'), (3, '2 fields, where the header has 3', 't,k,v\n1,a,1\n2,a\n'),
                (4, '4 fields', 't,k,v\n1,"a\nb",1\n2,a,1,\n'), (2, "not '' in column t", 't,k,v\n,a,1\n'), (2, 'within 2^61', 't,k,v\n9000000000000000000,a,1\n'),
                (2, "no number: '1e999'", 't,k,v\n1,a,1e999\n'), (2, 'text follows the end of a quoted field', 't,k,v\n1,"a"b,1\n'),
                (2, 'a quoted field does not end', 't,k,v\n1,"a,1\n')]:
            for name in (self.csv(text), '-'):
                with open(self.csv(text)) as file:
                    self.refused(3, fragment, *self.stream(name, '--agg', 'sum:v'), stdin=file)
                    file.seek(0)
                    self.refused(3, f'line {line}', *self.stream(name, '--agg', 'sum:v'), stdin=file)
        done = run(*self.stream(self.csv('t,k,v\n1,a,1\n2,a\nx,a,1\n3,a,2\n'), '--agg', 'sum:v', '--malformed', 'skip'))
        self.assertEqual(done.stdout.splitlines()[1:], ['0,10,a,3'])
        self.assertIn('2 records could not be read and were left out, the first in line 3', done.stderr)

    def test_what_is_wrong_in_json_is_said_with_its_line(self):
        good, base = '{"t":1,"k":"a","v":1}\n', ['--agg', 'sum:v']
        for fragment, line in [('no JSON object', 'x'), ('no JSON object', '[1]'), ('ended early', '{"t":1'), ('text follows', '{"t":1} {"t":2}'),
                               ("no text or number in column k: '['", '{"t":1,"k":[1]}'), ("'tru'", '{"t":1,"v":tru}'), ("'01'", '{"t":01}'),
                               ("no number: '1e999'", '{"t":1,"v":1e999}'), ("not '' in column t", '{"k":"b"}'), ('no JSON object', '{"t":1\n,"v":2}'),
                               ("not '1.5' in column t", '{"t":1.5}'), ('never closed', '{"t":1,"k":"b')]:
            path = self.csv(good + '\n' + line + '\n' + good, 'in.jsonl')
            with open(path) as file:
                for name, form in ((path, []), ('-', ['--format', 'jsonl'])):
                    for _ in range(2):
                        self.refused(3, fragment, *self.stream(name, *base, *form), stdin=file)
                        file.seek(0)
                        self.refused(3, 'line 3: ', *self.stream(name, *base, *form), stdin=file)
                        file.seek(0)
            self.assertEqual(run(*self.stream(path, *base, '--malformed', 'skip')).stdout.splitlines()[1:], ['0,10,a,2'])
        escaped = self.csv('{"t":1,"\\u006b":"\\u00e9\\n\\"","k2":[]}\r\n', 'in.ndjson')
        self.assertEqual(run(*self.stream(escaped)).stdout.splitlines()[1:], ['0,10,"é', '""",1'])
        self.assertEqual(run(*self.stream(self.csv('', 'empty.jsonl'))).stdout, 'window_start,window_end,k,count\n')
        self.refused(2, '--format', *self.stream(path, '--format', 'xml'))

    def test_refusals(self):
        path = self.csv('t,k,v\n1,a,1\n')
        for code, fragment, args in [
                (2, 'no column', ['--agg', 'sum:w']), (2, 'unknown aggregate', ['--agg', 'summ:v']), (2, 'needs a column', ['--agg', 'sum']),
                (2, 'expected a duration', ['--lateness', '5 parsecs']), (2, 'no whole number', ['--lateness', '5ms']), (2, 'fatal or skip', ['--malformed', 'no']),
                (2, 'percentile', ['--agg', 'p101:v']), (2, 'at least 1', ['--agg', 'top0:v']), (2, '--json needs -o', ['--json']),
                (2, '', ['--late', path]), (2, '', ['-o', path]), (2, '', ['-o', '/nowhere/o']), (2, '--threads', ['--threads', '-1'])]:
            self.refused(code, fragment, *self.stream(path, *args))
        for window in ('tumbling', 'tumbling:0', 'sliding:10s', 'sliding:1s:10s', 'hopping:1s', 'count:0', 'session:-1', 'tumbling:10s:1s'):
            self.refused(2, '', 'stream', path, '--time', 't', '--window', window)
        self.refused(2, '--time', 'stream', path, '--window', 'count:1')
        self.refused(2, '--window', 'stream', path, '--time', 't')
        self.refused(3, 'no header', *self.stream(self.csv('', 'empty.csv')))
        self.refused(3, '', *self.stream(self.path('nowhere.csv')))
        self.refused(3, 'longer than 1 MiB', *self.stream(self.csv('t,k\n1,"' + 'x\n' * 600000, 'long.csv'), '--block', '1K'))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
