#!/usr/bin/env python3
"""What looks at the clock: how soon Ctrl-C ends a command, and the seconds that a command says it took. Run alone.

usage: cli_clock_test.py PRORATA [unittest arguments]
"""
import os
import signal
import subprocess
import time

import numpy as np

from command_line import PRORATA, Case, answer, main, some


class Interruption(Case):
    """Ctrl-C ends every long step within a second, and says which one it was."""

    def interrupted(self, fragment, *args, after=1.5):
        child = subprocess.Popen([PRORATA, *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(after)
        self.assertIsNone(child.poll(), args)
        child.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, err = child.communicate(timeout=60)
        self.assertLess(time.monotonic() - start, 1, args)
        self.assertEqual(child.returncode, -signal.SIGINT, args)
        # before its first pass, a job has but its name
        self.assertIn(err, (f'prorata: interrupted in {fragment}\n', f'prorata: interrupted in {fragment.split(":")[0]}\n'), args)

    def test_costs_of_a_tebibyte(self):
        for dtype in ('f8', 'u1'):
            costs = self.sparse(dtype, 2**40 // np.dtype(dtype).itemsize)
            self.interrupted('costs', 'plan', '--costs', costs, '--weights', '1,2')

    def test_every_pass(self):
        x, out = self.sparse('f8', 2**34), self.path('o.npy')
        for fragment, command in (('stats', ['stats', x]), ('sum', ['reduce', 'sum', x, '--exact']), ('quantile: count', ['quantile', '0.5', x]),
                                  ('histogram: range', ['histogram', x]), ('histogram', ['histogram', x, '--range', '0,1']),
                                  ('topk: count', ['topk', 3, x]), ('select: count', ['select', 'x > 0', x, '-o', out]),
                                  ('groupby: group', ['groupby', x]), ('unique', ['unique', x, '-o', out])):
            before = set(os.listdir(self.dir))
            self.interrupted(fragment, *command)
            self.assertEqual(set(os.listdir(self.dir)), before)


class Seconds(Case):
    def test_seconds_are_those_of_the_whole_job(self):
        x, out = self.save('x.npy', some('f8', 4_000_000, 1)), self.path('o.npy')
        slow = ['--devices', 'sim:1,2', '--weights', '1,1', '--threads', '1']
        for command in (['quantile', '0.1,0.5', x], ['topk', 100, x], ['select', 'x > 0', x, '-o', out], ['histogram', x], ['unique', x, '-o', out],
                        ['groupby', x], ['scan', 'sum', x, '-o', out], ['stats', x], ['sort', x, '-o', out]):
            start = time.perf_counter()
            told = answer(*command, *slow)['seconds']
            whole = time.perf_counter() - start
            self.assertLess(told, whole, command)
            self.assertGreater(told, 0.6 * whole - 0.05, command)


if __name__ == '__main__':
    main()
