#!/usr/bin/env python3
"""What is typed to the command line, and what it says back.

usage: cli_usage_test.py PRORATA [unittest arguments]
"""
import json
import os
import resource
import signal
import subprocess

import numpy as np

from command_line import ADDRESS_SANITIZER, PRORATA, Case, answer, main, run


class Options(Case):
    def test_an_option_without_its_value_takes_nothing_else_for_it(self):
        x = self.save('x.npy', np.arange(100.))
        before = set(os.listdir(self.dir))
        for option, args in [('--trace', ['stats', x, '--trace=', '--json']), ('--temp', ['sort', x, '-o', 'o', '--temp=', '--descending']),
                             ('-o', ['sort', x, '-o', '--descending']), ('-o', ['sort', x, '-o']), ('-o', ['sort', x, '-o=']),
                             ('--output', ['sort', x, '--output', '-o']), ('--trace', ['stats', x, '--trace', '']),
                             ('--json', ['stats', x, '--json=no']), ('--memory', ['stats', x, '--memory', '1G', '--memory', '2G'])]:
            self.refused(2, option, *args, cwd=self.dir)
        self.assertEqual(set(os.listdir(self.dir)), before)

    def test_ways_to_give_a_value(self):
        x = self.save('x.npy', np.arange(100.)[::-1])
        for written in [['-o', 'o.npy'], ['-oo.npy'], ['-o=o.npy'], ['--output', 'o.npy'], ['--output=o.npy'], ['--output=-o.npy'], ['-o-o.npy']]:
            done = run('sort', x, *written, cwd=self.dir)
            self.assertEqual(done.returncode, 0, (written, done.stderr))
            path = self.path('-o.npy' if '-o.npy' in written[0] else 'o.npy')
            self.assertTrue(np.array_equal(np.load(path), np.arange(100.)), written)
            os.unlink(path)
        self.assertEqual(run('histogram', x, '--range', '-5,5', '--bins', 1, '--json').returncode, 0)
        self.assertEqual(run('histogram', x, '--range', '-.5,5', '--bins', 1, '--json').returncode, 0)

    def test_names_of_files_are_names(self):
        x = np.arange(10.)
        for name in ('[a,b]', '[a]', '[[a],b]', 'a,b', '[a,b].npy', '[a].npy', 'a,b.npy', '{a}.npy', 'a=b.npy', '"a".npy', "'a'.npy", ' .npy', '[].npy', '%%.npy', '-3.npy'):
            with open(self.path(name), 'wb') as file:
                np.save(file, x)
            for words in ([name], ['--', name], [self.path(name)]):
                done = run('reduce', 'sum', *words, '--json', cwd=self.dir) if words[0] != '--' else run(
                    'reduce', 'sum', '--json', *words, cwd=self.dir)
                self.assertEqual(done.returncode, 0, (name, done.stderr))
                self.assertEqual(json.loads(done.stdout)['result']['value'], 45, name)
            done = run('sort', name, '-o', 'sorted ' + name, '--descending', cwd=self.dir)
            self.assertEqual(done.returncode, 0, (name, done.stderr))
            self.assertTrue(np.array_equal(np.load(self.path('sorted ' + name)), x[::-1]))
        y = np.arange(10.) * 2
        os.rename(self.save('c.npy', y), self.path('[c,d]'))
        self.assertEqual(run('map', 'x+y', '[a,b]', '[c,d]', '-o', 'sum.npy', cwd=self.dir).returncode, 0)
        self.assertTrue(np.array_equal(np.load(self.path('sum.npy')), x + y))

    def test_words_that_begin_with_a_dash(self):
        x = np.linspace(-1, 1, 50)
        path, out = self.save('x.npy', x), self.path('o.npy')
        for text, expected in [('-x', -x), ('-x*2', -x * 2), ('-1*x', -x), ('-(x)', -x), ('-abs(x)', -np.abs(x)), ('-.5+x', x - .5)]:
            for args in ([text, path, '-o', out], ['-o', out, text, path], [text, '-o', out, '--', path]):
                self.assertEqual(run('map', *args).returncode, 0, args)
                self.assertTrue(np.array_equal(np.load(out), expected), args)
        self.assertEqual(run('select', '-x > 0', path, '-o', out).returncode, 0)
        self.assertTrue(np.array_equal(np.load(out), x[-x > 0]))
        self.refused(2, '--x', 'map', '--x', path, '-o', out)
        self.refused(2, '-q', 'map', 'x', '-q', path, '-o', out)
        self.refused(2, '-q', 'stats', '-q', path)
        self.refused(2, "'-3': expected a whole number from 1", 'topk', '-3', path)
        self.refused(2, "'0': expected a whole number from 1", 'topk', '0', path)
        self.refused(2, 'quantile -0.5', 'quantile', '-0.5', path)

    def test_sizes(self):
        x = self.save('x.npy', np.arange(100.))
        for size in ('64k', '64K', '64kb', '64KB', '64kib', '64KiB', '65536', '65536b', '0.0625m', '0.0625MiB', '6.5536e4', '1g', '1t'):
            chunk = answer('reduce', 'sum', x, '--memory', '4t', '--chunk', size)['chunk']
            self.assertEqual(chunk * 8, {'1g': 2**30, '1t': 2**40}.get(size, 65536), size)
        for size in ('', 'k', '1kk', '1 k', '-1k', 'nan', 'inf', '1e400', '0', '1p', '0x10', '1kib2'):
            self.refused(2, '--memory', 'stats', x, '--memory', size)

    def test_numbers(self):
        x = self.save('x.npy', np.arange(100.))
        for option, text in [('--threads', '1.5'), ('--threads', '0x10'), ('--threads', ' 1'), ('--threads', '99999999999'), ('--verify', 'x'),
                             ('--verify', 'nan'), ('--verify', '1e999')]:
            self.refused(2, option, 'stats', x, option, text)
        for seed in ('-1', '1.0', '18446744073709551616'):
            self.refused(2, '--seed', 'generate', '--count', 5, '--seed', seed, '-o', self.path('g.npy'))
        self.assertEqual(run('generate', '--count', 5, '--seed', 2**64 - 1, '-o', self.path('g.npy')).returncode, 0)


class Said(Case):
    def test_version_and_help(self):
        version = run('version').stdout
        self.assertRegex(version, r'^prorata \d+\.\d+\.\d+ \(.+\)\n$')
        for args in (['--version'], ['-V']):
            self.assertEqual(run(*args).stdout, version)
        for args in (['version', '--json'], ['--version', '--json']):
            said = json.loads(run(*args).stdout)
            self.assertEqual(f"prorata {said['version']} ({said['order']})\n", version)
        self.refused(2, 'more', 'version', 'more')
        whole = run('help').stdout
        for args in (['--help'], ['-h']):
            self.assertEqual(run(*args).stdout, whole)
        self.assertTrue(run('help', 'help').stdout.startswith('## help'))
        commands = run('nothing').stderr.split('there are ')[1].split()
        self.assertGreaterEqual(len(commands), 20)
        for command in commands:
            self.assertTrue(run('help', command).stdout.startswith(f'## {command}\n'), command)
            self.assertIn(command, whole.split('Commands:')[1].split('`prorata help COMMAND`')[0])

    def test_generate_as_json(self):
        out = self.path('g.npy')
        said = json.loads(run('generate', '--shape', '20,3', '--dtype', 'i2', '--seed', 7, '-o', out, '--json').stdout)
        self.assertEqual({k: said[k] for k in ('op', 'n', 'dtype', 'shape', 'seed', 'output', 'bytes')},
                         dict(op='generate', n=60, dtype='i2', shape=[20, 3], seed=7, output=out, bytes=120))

    def test_what_is_generated_is_splitmix64_of_the_seed(self):
        out, golden = self.path('g.npy'), 0x9e3779b97f4a7c15
        for seed in (0, 1, 7, 2**64 - 1):
            bits = []
            for i in range(300):
                z = (seed + (i + 1) * golden) % 2**64
                z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 % 2**64
                z = (z ^ z >> 27) * 0x94d049bb133111eb % 2**64
                bits.append(z ^ z >> 31)
            for code in ('u8', 'i2', 'f8'):
                self.assertEqual(run('generate', '--count', 300, '--dtype', code, '--seed', seed, '-o', out).returncode, 0)
                expected = {'u8': bits, 'i2': [(b >> 48) - (b >> 63 << 16) for b in bits], 'f8': [(b >> 11) * 2.**-53 - .5 for b in bits]}[code]
                self.assertEqual(np.load(out).tolist(), expected, (seed, code))

    def test_the_sum_of_nothing_is_plus_zero(self):
        for code in ('f8', 'f4', 'i4', 'u8'):
            empty = self.save('e.npy', np.zeros(0, code))
            for args in (['sum', empty], ['sum', empty, '--exact'], ['dot', empty, empty], ['norm', empty]):
                value = answer('reduce', *args)['result']['value']
                self.assertEqual((value, str(value)[0]), (0, '0'), (code, args))
        self.assertEqual(answer('reduce', 'product', self.save('e.npy', np.zeros(0)))['result']['value'], 1)

    def test_one_is_not_many(self):
        one, two, out = self.save('one.npy', np.ones(1)), self.save('two.npy', np.ones(2)), self.path('o.npy')
        for args in (['stats'], ['topk', 1], ['histogram', '--bins', 1], ['groupby'], ['sort', '-o', out], ['argsort', '-o', out],
                     ['unique', '-o', out], ['scan', 'sum', '-o', out], ['map', 'x', '-o', out], ['select', 'x', '-o', out]):
            said = run(*args, one).stdout
            self.assertRegex(said, r'\b1 (element|row)\b', args)
            self.assertNotRegex(said, r'\b1 (elements|rows|bins|bytes|groups)\b', args)
            self.assertRegex(run(*args, two).stdout, r'\b2 (elements|rows)\b', args)
        for args in (['generate', '--count', 1, '-o', out], ['plan', '--n', 1, '--weights', 1], ['plan', '--n', 1, '--weights', 1, '--partition', 'hash']):
            self.assertRegex(run(*args).stdout, r'\b1 element\b', args)

    def test_what_a_histogram_leaves_out_stands_in_its_column(self):
        x = np.array([np.nan, 5, -1] + [.5] * 3000)
        path, weights = self.save('x.npy', x), self.save('w.npy', np.arange(3003.))
        for by in ([], ['--by', weights]):
            said = run('histogram', path, '--range', '0,1', '--bins', 3, *by).stdout.splitlines()[1:-1]
            column = said[1].index('3000' if not by else '4507500') + (4 if not by else 7)
            apart = said[3:]
            self.assertEqual([line.split()[0] for line in apart], ['below', 'above', 'NaN'])
            for line in said:
                self.assertTrue(line[column - 1].isdigit() and line[column:column + 1].strip() == '', said)

    def test_ends_without_a_word_where_nobody_reads_on(self):
        x = self.save('x.npy', np.arange(300_000.))
        for ignored in (signal.SIG_DFL, signal.SIG_IGN):
            child = subprocess.Popen([PRORATA, 'topk', '200000', x], stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=False,
                                     preexec_fn=lambda: signal.signal(signal.SIGPIPE, ignored))
            child.stdout.readline()
            child.stdout.close()
            self.assertEqual(child.stderr.read(), b'')
            child.stderr.close()
            self.assertEqual(child.wait(), -signal.SIGPIPE)


class Limits(Case):
    def test_every_command_works_with_little_stack(self):
        r = np.random.default_rng(1)
        x, f, i = self.save('x.npy', r.standard_normal(500_000)), self.save('f.npy', r.standard_normal(500_000).astype('f4')), self.save(
            'i.npy', r.integers(0, 1000, 500_000))
        out, two = ['-o', self.path('o.npy')], ['--devices', 'cpu*2']
        commands = [['scan', 'sum', x, *out], ['scan', 'max', x, *out, *two], ['scan', 'sum', i, *out, '--chunk', '64K'], ['stats', x], ['stats', f],
                    ['stats', i], ['reduce', 'sum', x, '--exact'], ['reduce', 'dot', x, i], ['reduce', 'dot', x, x, '--exact'],
                    ['reduce', 'wvar', x, i], ['reduce', 'var', x], ['reduce', 'argmax', f, *two], ['reduce', 'sum', x, *two, '--weights', 'auto'],
                    ['reduce', 'sum', x, '--costs', i, *two], ['histogram', x], ['histogram', x, '--by', i], ['groupby', i, x],
                    ['groupby', x, i, '--memory', '16M', '--agg', 'count,sum,mean,var,std,min,max'], ['groupby', x, *two],
                    ['map', 'x*2+sqrt(y)', x, i, *out], ['plan', x, '--partition', 'range', '--weights', '1,2'],
                    ['plan', '--costs', i, '--partition', 'lpt', '--weights', '1,2'], ['plan', '--costs', i, '--weights', '1,2'], ['quantile', '0.5,0.1', x], ['topk', 300, x], ['topk', 300, f], ['select', 'x>0', x, *out],
                    ['sort', x, *out], ['sort', x, *out, '--memory', '16M'], ['argsort', x, *out], ['sort', f, *out, *two],
                    ['unique', i, *out, '--counts', self.path('c.npy'), '--index', self.path('n.npy'), '--inverse', self.path('v.npy')],
                    ['unique', x, *out], ['generate', '--count', 100_000, *out], ['devices'], ['help'], ['version']]
        for kib in (64, 128):
            for args in commands:
                done = run(*args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (kib << 10, kib << 10)))
                self.assertEqual(done.returncode, 0, (kib, args, done.stderr))

    def test_little_memory_ends_with_a_line_from_the_first_moment_on(self):
        if ADDRESS_SANITIZER:
            return
        x, events = self.save('x.npy', np.arange(5000.)), self.path('e.csv')
        with open(events, 'w') as file:
            file.write('t,k,v\n1,a,1\n')
        said = set()
        loaded = False  # below some size the system's loader ends the process
        for kib in range(8 << 10, 64 << 10, 512):
            for args in (['version'], ['stats', x], ['stream', events, '--time', 't', '--window', 'tumbling:3', '--agg', 'count']):
                done = run(*args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (kib << 10, kib << 10)))
                loaded = loaded or done.stderr.startswith('prorata: ') or done.returncode == 0
                if loaded:
                    self.assertIn(done.returncode, (0, 5), (kib, args, done.stderr))
                    self.assertEqual(len(done.stderr.splitlines()), 1 if done.returncode else 0, (kib, args, done.stderr))
                    said.add(done.stderr.split(';')[0].split(':')[1] if done.returncode else '')
        self.assertTrue({' out of memory', ''} <= said, said)
        self.assertTrue(any('thread' in line for line in said), said)

    def test_threads_that_cannot_start(self):
        x = self.save('x.npy', np.arange(5000.))
        self.refused(5, 'thread', 'reduce', 'sum', x, '--devices', 'cpu*1000', '--threads', 1,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))


if __name__ == '__main__':
    main()
