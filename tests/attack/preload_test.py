#!/usr/bin/env python3
"""The preloaded libraries reach the command: faults that never arrive would pass as promises kept.

usage: preload_test.py PRORATA FOLDER [unittest arguments]
"""
import errno
import os
import sys
import unittest

import numpy as np

import preload
from sandbox import Sandbox

PRORATA = os.path.abspath(sys.argv.pop(1))
preload.FOLDER = os.path.abspath(sys.argv.pop(1))
JOB = ['sort', 'x.npy', '-o', 'o.npy']


class Preloaded(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(PRORATA)
        self.addCleanup(self.sandbox.__exit__)
        self.log = preload.Log(self.sandbox)
        self.addCleanup(self.log.lines)
        np.save(self.sandbox.path('x.npy'), np.arange(3000.0)[::-1])

    def run_with(self, environment):
        ended = self.sandbox.run(JOB, environment)
        return ended, self.log.lines()

    def test_calls_that_writing_a_file_takes_are_reached(self):
        ended, lines = self.run_with(preload.system_calls(self.log))
        self.assertEqual(ended.code, 0, ended)
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(len(lines))))
        names = {line.split()[1] for line in lines}
        for name in ('open', 'openat', 'fstat', 'mmap', 'pread', 'pwrite', 'fallocate', 'fsync', 'linkat', 'renameat', 'close',
                     'pthread_create', 'sigaction'):
            self.assertIn(name, names)

    def test_a_call_fails(self):
        ended, lines = self.run_with(preload.system_calls(self.log, f'0,errno:{errno.EIO}', 'fsync'))
        self.assertEqual((ended.code, lines), (4, ['0 fsync']), ended)
        ended, lines = self.run_with(preload.system_calls(self.log, f'0,errno:{errno.ENOSPC}', 'pwrite'))
        self.assertEqual((ended.code, lines), (5, ['0 pwrite']), ended)

    def test_signals_arrive_before_and_after_a_call(self):
        for when, there in (('before', False), ('after', True)):
            ended, lines = self.run_with(preload.system_calls(self.log, f'0,{when}:9', 'renameat'))
            self.assertEqual((ended.signal, lines), (9, ['0 renameat']), ended)
            self.assertEqual(os.path.exists(self.sandbox.path('o.npy')), there, when)

    def test_short_calls(self):
        ended, lines = self.run_with(preload.system_calls(self.log, '0+,short', 'pwrite'))
        self.assertEqual(ended.code, 0, ended)
        self.assertGreater(len(lines), 3000 * 8 / 7)
        self.assertTrue(np.array_equal(np.load(self.sandbox.path('o.npy')), np.arange(3000.0)))

    def test_file_systems_without_unnamed_files(self):
        _, lines = self.run_with(preload.system_calls(self.log, unnamed=False))
        self.assertFalse([line for line in lines if line.endswith(' linkat')])

    def test_an_allocation_fails(self):
        ended, lines = self.run_with(preload.allocations(self.log))
        self.assertEqual(ended.code, 0, ended)
        self.assertGreater(int(lines[-1]), 100)
        ended, lines = self.run_with(preload.allocations(self.log, 20))
        self.assertEqual((ended.code, lines[0]), (5, 'failed'), ended)

    def test_a_plan_that_is_not_understood_ends_the_run(self):
        self.assertEqual(self.run_with(preload.system_calls(self.log, '3,nonsense'))[0].signal, 6)


if __name__ == '__main__':
    unittest.main(verbosity=2)
