#!/usr/bin/env python3
"""The command under mpirun: every command gives the bytes and the numbers of one process; what fails in one process fails
in all, with one line and no file.

usage: cli_processes_test.py PRORATA MPIRUN [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np

MPIRUN = sys.argv.pop(2)
from command_line import PRORATA, Case, main, run, some  # noqa: E402: it reads the arguments that are left


def together(processes, *args, **kwargs):
    """The command in so many processes."""
    return subprocess.run([MPIRUN, '--oversubscribe', '--bind-to', 'none', '-n', str(processes), PRORATA, *map(str, args)],
                          capture_output=True, text=True, timeout=300, **kwargs)


def said_by_prorata(done):
    return [line for line in done.stderr.split('\n') if line.startswith('prorata: ')]


class Processes(Case):
    def setUp(self):
        super().setUp()
        n = 150_000
        self.x = self.save('x.npy', some('f8', n, 1))
        self.y = self.save('y.npy', some('i4', n, 2))
        self.few = self.save('few.npy', np.arange(n, dtype='u2') % 300)

    def agree(self, outputs, *args):
        """One process and several write the same files, and answer the same but for the plan and the time."""
        answers = {}
        for processes in (1, 2, 4):
            folder = self.path(f'by{processes}')
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
            done = (run if processes == 1 else lambda *a, **k: together(processes, *a, **k))(*args, '--json', cwd=folder)
            self.assertEqual(done.returncode, 0, (args, done.stdout, done.stderr))
            said = json.loads(done.stdout)
            self.assertEqual(sorted(os.listdir(folder)), sorted(outputs), args)
            if processes > 1 and 'plan' in said and '--weights' not in args:
                self.assertEqual(len(said['plan']), processes * (3 if 'cpu*3' in args else 1))
            files = [pathlib.Path(folder, name).read_bytes() for name in sorted(outputs)]
            for word in ('plan', 'devices', 'seconds', 'gb_per_s', 'chunk', 'ranges', 'parts', 'spilled'):
                said.pop(word, None)
            answers[processes] = (said, files)
        self.assertEqual(answers[2], answers[1], args)
        self.assertEqual(answers[4], answers[1], args)

    def test_folds(self):
        for op in ('sum', 'mean', 'std', 'min', 'argmax', 'norm'):
            self.agree([], 'reduce', op, self.x)
        self.agree([], 'reduce', 'dot', self.x, self.y, '--exact')
        self.agree([], 'stats', self.y, '--devices', 'cpu*3')

    def test_counts_and_selections(self):
        self.agree([], 'quantile', '0,0.25,0.5,1', self.x)
        self.agree([], 'topk', 50, self.few, '--smallest')
        self.agree(['h.npy', 'h.svg'], 'histogram', self.x, '--bins', 'rice', '-o', 'h.npy', '--svg', 'h.svg')
        self.agree(['s.npy'], 'select', 'x > y', self.x, self.y, '-o', 's.npy')
        self.agree(['s.npy'], 'select', 'x < 0', self.x, '--indices', '-o', 's.npy', '--devices', 'cpu*3', '--chunk', '64K')

    def test_sweeps(self):
        self.agree(['m.npy'], 'map', 'exp(x) / 3', self.x, '-o', 'm.npy')
        self.agree(['m.npy'], 'map', 'x + y', self.x, self.y, '-o', 'm.npy', '--devices', 'cpu*3', '--verify', '30')
        self.agree(['c.npy'], 'scan', 'sum', self.x, '-o', 'c.npy')
        self.agree(['c.npy'], 'scan', 'max', self.y, '--exclusive', '-o', 'c.npy', '--devices', 'cpu*3', '--chunk', '64K')
        self.agree(['g.npy'], 'generate', '--count', '1000003', '--dtype', 'f2', '-o', 'g.npy')

    def test_shuffles(self):
        for source in (self.x, self.y, self.few):
            self.agree(['o.npy'], 'sort', source, '-o', 'o.npy')
            self.agree(['o.npy'], 'argsort', source, '--descending', '-o', 'o.npy', '--memory', '16M')
            self.agree(['c.npy', 'i.npy', 'n.npy', 'o.npy'], 'unique', source, '-o', 'o.npy', '--counts', 'c.npy', '--index', 'i.npy',
                       '--inverse', 'n.npy')
        self.agree(['c.npy', 'i.npy', 'o.npy'], 'unique', self.x, '-o', 'o.npy', '--counts', 'c.npy', '--index', 'i.npy', '--memory', '16M')
        columns = ['g.count.npy', 'g.key.npy', 'g.std.npy', 'g.sum.npy']
        self.agree(columns, 'groupby', self.few, self.x, '--agg', 'count,sum,std', '-o', 'g')
        self.agree(columns, 'groupby', self.x, self.y, '--agg', 'count,sum,std', '-o', 'g', '--memory', '16M')

    def test_weights_are_those_of_all_ranks(self):
        self.agree(['o.npy'], 'map', 'x', self.x, '-o', 'o.npy', '--weights', 'equal')
        done = together(2, 'reduce', 'sum', self.x, '--devices', 'cpu*2', '--weights', '1,0,2,5', '--json')
        self.assertEqual([r['weight'] for r in json.loads(done.stdout)['plan']], [1, 0, 2, 5])
        self.assertEqual([r['device'] for r in json.loads(done.stdout)['plan']], ['cpu#0@0', 'cpu#1@0', 'cpu#0@1', 'cpu#1@1'])
        self.agree([], 'plan', '--n', '1000000', '--weights', '4,2,1,1')
        done = together(2, 'plan', self.x, '--devices', 'sim:1,3', '--json')
        self.assertEqual([r['weight'] for r in json.loads(done.stdout)['plan']], [1, 3, 1, 3])
        self.assertEqual(together(2, 'plan', self.x, '--devices', 'cpu', '--weights', 'auto').returncode, 0)

    def fails(self, code, fragment, *args, **kwargs):
        done = together(3, *args, **kwargs)
        lines = said_by_prorata(done)
        self.assertEqual((done.returncode, len(lines), done.stdout), (code, 1, ''), (args, done.stderr))
        self.assertIn(fragment, lines[0])
        self.assertEqual([name for name in os.listdir(self.dir) if 'prorata' in name or name.startswith('o')], [], args)

    def test_failures_are_said_once_and_leave_nothing(self):
        out = self.path('o.npy')
        self.fails(2, 'unknown command', 'sorted', self.x)
        self.fails(2, 'it is also an input', 'sort', self.x, '-o', self.x)
        self.fails(2, '--weights has 2 numbers for 3 devices', 'map', 'x', self.x, '-o', out, '--weights', '1,2')
        self.fails(2, '--trace draws the ranks of one process', 'map', 'x', self.x, '-o', out, '--trace', self.path('o.json'))
        self.fails(2, '--report draws the ranks of one process', 'stats', self.x, '--report', self.path('o.html'))
        self.fails(2, '--report is for one process', 'sort', self.x, '-o', out, '--report', self.path('o.html'))
        self.fails(2, '--by adds up in one process', 'histogram', self.few, '--by', self.x)
        self.fails(3, 'absent.npy', 'sort', self.path('absent.npy'), '-o', out)
        for command in (['map', 'x', self.x], ['sort', self.x], ['groupby', self.x]):
            self.fails(2, 'absent', *command, '-o', self.path('absent/o'))

    def test_what_fails_in_one_process_alone(self):
        """The second of three works in another folder, or may write small files only: the others stop, too."""
        os.mkdir(self.path('sub'))
        os.mkdir(self.path('disk'))
        np.save(self.path('sub/y.npy'), some('i4', 150_000, 3))  # of the same name and size
        x = self.path('large.npy')
        run('generate', '--dtype', 'f8', '--count', 8_000_000, '-o', x)  # the second process's part begins beyond 20 MiB
        elsewhere, limited = 'cd sub', 'ulimit -f 20480'
        for first, code, fragment, *command in (
                (elsewhere, 3, 'x.npy', 'reduce', 'sum', 'x.npy'),
                (elsewhere, 3, 'x.npy', 'sort', 'x.npy', '-o', 'o.npy'),
                (elsewhere, 3, 'y.npy: is not the same file in all processes', 'stats', 'y.npy'),
                (elsewhere, 4, 'another process has made', 'map', 'x', self.x, '-o', 'o.npy'),
                (elsewhere, 2, 'disk', 'sort', self.x, '-o', self.path('o.npy'), '--temp', 'disk'),
                (limited, 5, "ulimit -f", 'map', 'x', x, '-o', 'o.npy'),
                (limited, 5, "ulimit -f", 'scan', 'sum', x, '-o', 'o.npy')):
            one_apart = f'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then {first}; fi; exec "$@"'
            done = subprocess.run([MPIRUN, '--oversubscribe', '--bind-to', 'none', '-n', '3', 'bash', '-c', one_apart, 'bash',
                                   PRORATA, *command], capture_output=True, text=True, timeout=300, cwd=self.dir)
            lines = said_by_prorata(done)
            self.assertEqual((done.returncode, len(lines), done.stdout), (code, 1, ''), (command, done.stderr))
            self.assertIn(fragment, lines[0])
            self.assertEqual([name for name in os.listdir(self.dir) if 'prorata' in name or name.startswith('o')], [], command)

    def test_a_killed_process_ends_the_job(self):
        x = self.path('large.npy')
        run('generate', '--dtype', 'f8', '--count', 20_000_000, '-o', x)
        child = subprocess.Popen([MPIRUN, '--oversubscribe', '--bind-to', 'none', '-n', '3', PRORATA, 'sort', x, '-o', self.path('o.npy'),
                                  '--memory', '16M'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        mine = []
        while not any(name.startswith('.o.npy') for name in os.listdir(self.dir)) and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[1] == str(child.pid):
                    mine.append(int(pid))
            except OSError:
                pass
        self.assertEqual(len(mine), 3)
        os.kill(mine[-1], signal.SIGKILL)
        self.assertNotEqual(child.wait(timeout=60), 0)
        self.assertFalse(os.path.exists(self.path('o.npy')))
        self.assertEqual(run('sort', x, '-o', self.path('o.npy')).returncode, 0)
        self.assertEqual([name for name in os.listdir(self.dir) if 'prorata' in name and 'o.npy' in name], [])

    def test_without_the_module(self):
        alone = shutil.copy(PRORATA, self.path('alone'))
        told = dict(os.environ, OMPI_COMM_WORLD_SIZE='2')
        done = subprocess.run([alone, 'reduce', 'sum', self.x], capture_output=True, text=True, env=told)
        self.assertEqual(done.returncode, 4)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertIn('prorata_mpi.so', done.stderr)

    def test_a_launcher_that_mpi_knows_nothing_of(self):
        told = dict(os.environ, PMI_SIZE='2')
        done = subprocess.run([PRORATA, 'reduce', 'sum', self.x], capture_output=True, text=True, env=told)
        self.assertEqual((done.returncode, len(said_by_prorata(done))), (4, 1), done.stderr)
        self.assertIn('2 processes were started, and MPI knows of 1', done.stderr)

    def test_one_process(self):
        done = together(1, 'reduce', 'sum', self.x)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout.split('\n')[1], run('reduce', 'sum', self.x).stdout.split('\n')[1])

    def test_without_the_module_one_process_runs(self):
        alone = shutil.copy(PRORATA, self.path('alone'))
        self.assertEqual(subprocess.run([alone, 'reduce', 'sum', self.x], capture_output=True).returncode, 0)


if __name__ == '__main__':
    main()
