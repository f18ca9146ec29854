#!/usr/bin/env python3
"""Outputs of the command: never over an input or another output, all or none, whatever cannot be written or said.

usage: cli_outputs_test.py PRORATA [unittest arguments]
"""
import json
import os
import resource
import signal
import subprocess

import numpy as np

from command_line import PRORATA, Case, main, run


def contents(path):
    with open(path, 'rb') as file:
        return file.read()


def is_json(text):
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


class Outputs(Case):
    def setUp(self):
        super().setUp()
        self.x = np.arange(5000) % 37 * 0.5
        self.px = self.save('x.npy', self.x)

    def unchanged(self, *args):
        """The command is refused, and every file keeps its bytes."""
        before = {name: contents(self.path(name)) for name in os.listdir(self.dir)}
        self.refused(2, '', *args)
        self.assertEqual({name: contents(self.path(name)) for name in os.listdir(self.dir)}, before, args)

    def test_no_file_that_is_read_is_written(self):
        costs = self.save('costs.npy', np.ones(5000))
        edges = self.save('edges.npy', np.arange(11.0))
        weights = self.save('weights.npy', np.ones(5000))
        os.link(costs, self.path('hard.npy'))
        os.symlink('costs.npy', self.path('soft.npy'))
        os.link(self.px, self.path('g.sum.npy'))
        here = os.path.join(self.dir, '.', '..', os.path.basename(self.dir), 'costs.npy')
        split = ['--devices', 'cpu*2']
        for name in (costs, self.path('hard.npy'), self.path('soft.npy'), here):
            self.unchanged('map', 'x*9', self.px, '--costs', costs, '-o', name, *split)
            self.unchanged('scan', 'sum', self.px, '--costs', costs, '-o', name, *split)
            self.unchanged('select', 'x>1', self.px, '--costs', costs, '-o', name, *split)
            self.unchanged('unique', self.px, '--costs', costs, '-o', name, *split)
            self.unchanged('unique', self.px, '--costs', costs, '-o', self.path('u.npy'), '--inverse', name, *split)
            self.unchanged('reduce', 'sum', self.px, '--costs', costs, '--trace', name, *split)
        self.unchanged('histogram', self.px, '--edges', edges, '-o', edges)
        self.unchanged('histogram', self.px, '--edges', edges, '--svg', edges)
        self.unchanged('histogram', self.px, '--by', weights, '-o', weights)
        self.unchanged('histogram', self.px, '--by', weights, '--trace', weights)
        self.unchanged('groupby', self.px, weights, '-o', self.path('g'))
        self.unchanged('sort', self.px, '-o', self.px)
        self.unchanged('argsort', self.px, '-o', self.px)
        self.unchanged('stats', self.px, '--trace', self.px)
        self.unchanged('quantile', '0.5', self.px, '--trace', self.px)
        self.unchanged('topk', '3', self.px, '--trace', self.px)

    def test_two_outputs_are_two_files(self):
        t, again = self.path('t.npy'), os.path.join(self.dir, '.', 't.npy')
        for second in (t, again):
            self.unchanged('map', 'x', self.px, '-o', t, '--trace', second)
            self.unchanged('histogram', self.px, '-o', t, '--svg', second)
            self.unchanged('histogram', self.px, '--svg', t, '--trace', second)
            self.unchanged('unique', self.px, '-o', t, '--counts', second)
            self.unchanged('unique', self.px, '-o', self.path('u.npy'), '--counts', t, '--index', second)
            self.unchanged('select', 'x>1', self.px, '-o', t, '--trace', second)
        self.save('old.npy', self.x)
        os.symlink('old.npy', self.path('link.npy'))
        self.unchanged('unique', self.px, '-o', self.path('old.npy'), '--counts', self.path('link.npy'))
        self.unchanged('groupby', self.px, '-o', self.path('g'), '--trace', self.path('g.count.npy'))

    def test_standard_output_is_an_output(self):
        before = contents(self.px)
        with open(self.px, 'ab') as appended:
            done = subprocess.run([PRORATA, 'stats', self.px], stdout=appended, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, contents(self.px)), (2, before))
        self.assertIn('standard output', done.stderr)

    def test_closed_descriptors_are_nobodys_output(self):
        wanted = self.x * 9
        for closed in ([0], [1], [2], [0, 2], [0, 1, 2]):
            out = self.path('o.npy')
            done = subprocess.run([PRORATA, 'map', 'x*9', self.px, '-o', out, '--progress', 'always', '--trace',
                                   self.path('trace.json')], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  preexec_fn=lambda: [os.close(d) for d in closed])
            self.assertEqual(done.returncode, 0, closed)
            self.assertTrue(np.array_equal(np.load(out), wanted), closed)
            with open(self.path('trace.json')) as trace:
                json.load(trace)
            os.remove(out)

    def test_an_error_that_cannot_be_said_keeps_its_exit_code(self):
        read, write = os.pipe()
        os.close(read)
        with open('/dev/full', 'w') as full:
            for stderr in (full, write, None):
                for code, args in ((2, ['map', 'x', self.px]), (3, ['stats', self.path('nowhere.npy')]), (2, ['nonsense'])):
                    close = (lambda: os.close(2)) if stderr is None else None
                    done = subprocess.run([PRORATA, *args], stderr=stderr, preexec_fn=close)
                    self.assertEqual(done.returncode, code, (stderr, args))
        os.close(write)

    def test_names_that_json_cannot_say_are_refused_before_the_work(self):
        odd = os.fsencode(self.dir) + b'/caf\xe9.npy'
        for args in (['map', 'x', self.px], ['sort', self.px], ['unique', self.px], ['groupby', self.px]):
            self.assertEqual(self.odd(args, odd, '--json').returncode, 2, args)
            self.assertEqual(os.listdir(self.dir), ['x.npy'], args)
        self.assertEqual(self.odd(['map', 'x', self.px], odd).returncode, 0)
        self.assertTrue(os.path.exists(odd))

    def odd(self, args, name, *more):
        return subprocess.run([PRORATA, *args, '-o', name, *more], capture_output=True)

    def test_nothing_is_published_where_the_answer_cannot_be_printed(self):
        y = self.save('y.npy', np.arange(40000.0))
        jobs = [['map', 'x', self.px, '-o', self.path('o.npy')], ['sort', self.px, '-o', self.path('o.npy')],
                ['unique', self.px, '-o', self.path('o.npy'), '--counts', self.path('c.npy')],
                ['groupby', y, '-o', self.path('g'), '--head', '40000'],                        # long
                ['histogram', self.px, '--svg', self.path('h.svg'), '--bins', '9000', '--json'],  # long
                ['stats', self.px, '--trace', self.path('t.json')],
                ['generate', '--count', '100', '-o', self.path('o.npy')]]
        before = set(os.listdir(self.dir))
        for args in jobs:
            with open('/dev/full', 'w') as full:
                done = subprocess.run([PRORATA, *args], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stderr.count('\n')), (5, 1), (args, done.stderr))
            self.assertIn('standard output', done.stderr)
            self.assertEqual(set(os.listdir(self.dir)), before, args)
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([PRORATA, *args], stdout=write, stderr=subprocess.PIPE, text=True)
            os.close(write)
            self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ''), args)
            self.assertEqual(set(os.listdir(self.dir)), before, args)

    def test_the_answer_ends_when_the_outputs_are_there(self):
        for args in (['map', 'x*9', self.px], ['sort', self.px], ['unique', self.px], ['select', 'x>1', self.px]):
            out = self.path('o.npy')
            child = subprocess.Popen([PRORATA, *args, '-o', out, '--json'], stdout=subprocess.PIPE)
            text = b''
            while not is_json(text):
                text += child.stdout.read(1)
            self.assertTrue(os.path.exists(out), args)
            child.communicate()
            os.remove(out)

    def test_too_many_open_files(self):
        few = [dict(preexec_fn=lambda k=k: resource.setrlimit(resource.RLIMIT_NOFILE, (k, k))) for k in range(3, 16)]
        codes = set()
        for limit in few:
            done = run('unique', self.px, '-o', self.path('o.npy'), '--counts', self.path('c.npy'), '--trace',
                       self.path('t.json'), '--threads', '1', **limit)
            codes.add(done.returncode)
            if done.returncode != 0:
                self.assertEqual(set(os.listdir(self.dir)), {'x.npy'}, done.stderr)
        self.assertLessEqual(codes, {0, 5, 127})  # 127: the program was not even loaded
        self.assertIn(5, codes)

    def test_a_bad_folder_for_what_is_temporary_is_refused_before_the_work(self):
        nowhere = self.path('nowhere')
        k = self.save('k.npy', np.arange(10))
        for args in (['sort', self.px], ['argsort', self.px], ['unique', self.px], ['groupby', self.px], ['join', k, k],
                     ['lookup', '--keys', k, '--values', k, '--queries', k]):
            self.unchanged(*args, '-o', self.path('o'), '--temp', nowhere)
        self.unchanged('groupby', self.px, '--temp', nowhere)

    def test_what_the_disk_has_no_room_for_takes_nothing_from_others(self):
        disk = os.statvfs(self.dir)
        count = disk.f_bfree * disk.f_frsize // 4 + (1 << 28)  # of 4 bytes: a GiB more than there is
        least = disk.f_bfree
        child = subprocess.Popen([PRORATA, 'generate', '--count', str(count), '-o', self.path('o.npy')],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while child.poll() is None:
            least = min(least, os.statvfs(self.dir).f_bfree)
        self.assertEqual(child.returncode, 5)
        self.assertIn('the disk is full', child.stderr.read())
        child.stdout.close(), child.stderr.close()
        self.assertGreater(least, disk.f_bfree // 2)
        self.assertEqual(os.listdir(self.dir), ['x.npy'])

    def test_permissions_are_those_of_the_file_before_or_the_usual(self):
        out = self.save('o.npy', self.x)
        os.chmod(out, 0o600)
        self.assertEqual(run('map', 'x+1', self.px, '-o', out).returncode, 0)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        self.assertEqual(run('map', 'x+1', self.px, '-o', self.path('n.npy'), preexec_fn=lambda: os.umask(0o027)).returncode, 0)
        self.assertEqual(os.stat(self.path('n.npy')).st_mode & 0o777, 0o640)

    def test_sets_leave_nothing_but_their_files(self):
        k = self.save('k.npy', np.arange(10))
        jobs = [(['unique', self.px, '-o', self.path('u.npy'), '--counts', self.path('c.npy'), '--index', self.path('i.npy'),
                  '--inverse', self.path('v.npy'), '--trace', self.path('t.json')], ['u.npy', 'c.npy', 'i.npy', 'v.npy', 't.json']),
                (['groupby', self.px, self.px, '-o', self.path('g'), '--agg', 'count,sum,mean,min'],
                 ['g.key.npy', 'g.count.npy', 'g.sum.npy', 'g.mean.npy', 'g.min.npy']),
                (['lookup', '--keys', k, '--values', k, '--queries', k, '-o', self.path('l.npy'), '--found', self.path('f.npy')], ['l.npy', 'f.npy']),
                (['join', k, k, '--rows', '--how', 'left', '-o', self.path('j')], ['j.key.npy', 'j.left_row.npy', 'j.right_row.npy', 'j.found.npy']),
                (['histogram', self.px, '-o', self.path('h.npy'), '--svg', self.path('h.svg')], ['h.npy', 'h.svg'])]
        for args, files in jobs:
            for _ in range(2):
                before = set(os.listdir(self.dir)) - set(files)
                self.assertEqual(run(*args).returncode, 0, args)
                self.assertEqual(set(os.listdir(self.dir)), before | set(files))
        values, index, inverse, counts = np.unique(self.x, return_index=True, return_inverse=True, return_counts=True)
        for name, wanted in (('u', values), ('i', index), ('v', inverse), ('c', counts)):
            self.assertTrue(np.array_equal(np.load(self.path(name + '.npy')), wanted), name)


if __name__ == '__main__':
    main()
