#!/usr/bin/env python3
"""Each promise is broken once by a command that pretends to be prorata: the battery must notice every one.

usage: promises_test.py [unittest arguments]
"""
import os
import stat
import tempfile
import unittest

import numpy as np

import promises
from job import Job, files_of
from sandbox import Sandbox
from stage import Stage
from tally import Tally

WELL = 'rm -f .o.prorata-*; printf whole > o; printf whole > p; exit 0'
RECOVERS = 'printf whole > p; exit 0'  # as the command that reads one of a torn set

FAULTS = {  # what the pretended command does when it is disturbed, and a word of the complaint
    'an exit code of its own': ('echo "prorata: x" >&2; exit 1', 'not an exit code'),
    'a signal nobody sent': ('kill -SEGV $$', 'died of signal 11'),
    'no line': ('exit 4', 'not one line'),
    'two lines': ('echo "prorata: a" >&2; echo "prorata: b" >&2; exit 4', 'not one line'),
    'a line of somebody else': ('echo "terminate called" >&2; exit 4', 'not one line'),
    'a line without an end': ('printf "prorata: a" >&2; exit 4', 'not one line'),
    'a control character': ('printf "prorata: \\033[31m\\n" >&2; exit 4', 'not one line'),
    'a line of somebody else although all went well': ('echo "a" >&2; ' + WELL, 'exit code 0 and'),
    'a published output after failing': ('printf whole > o; echo "prorata: a" >&2; exit 5', "changed ['o']"),
    'an input is overwritten': ('printf other > input; ' + WELL, "changed ['input']"),
    'an input is touched after failing': ('touch -d 2001-01-01 input; echo "prorata: a" >&2; exit 3', "changed ['input']"),
    'a file nobody asked for': ('printf 1 > more; ' + WELL, "changed ['more']"),
    'a torn set after the disk failed': ('printf whole > o; echo "prorata: p: cannot fsync the directory of: x" >&2; exit 4',
                                         'some outputs are new and some are old'),
    'a temporary file stays': ('printf 1 > .o.prorata-abcdefghijkl; echo "prorata: a" >&2; exit 5', 'left behind'),
    'an output is missing': ('printf whole > o; rm -f p; exit 0', 'not written'),
    'an output has other bytes': ('printf whole > o; printf wrong > p; exit 0', 'not what it should be'),
    'an output loses its permissions': (WELL.replace('exit 0', 'chmod 606 o p; exit 0'), 'permissions'),
    'a torn set after a kill': ('printf whole > o; kill -KILL $$', 'some outputs are new and some are old'),
    'half a file after a kill': ('printf who > o; kill -KILL $$', 'neither what it was'),
    'a leftover that the next run leaves': ('printf 1 > .p.prorata-0; kill -KILL $$', 'are still there'),
    'no end': ('exec sleep 30', 'died of signal 9'),
}
KILLED = ('a torn set after a kill', 'half a file after a kill', 'a leftover that the next run leaves')


class Pretended(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def command(self, disturbed, reads):
        """A command that goes well, unless DISTURBED is set; with arguments it reads a file."""
        path = os.path.join(self.folder.name, 'pretended')
        with open(path, 'w') as file:
            file.write(f'#!/bin/sh\nif [ $# -gt 0 ]; then {reads}; fi\nif [ -z "$DISTURBED" ]; then {WELL}; fi\n{disturbed}\n')
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def violations(self, disturbed, sent=0, reads='exit 0'):
        lab = Tally(0)
        lab.quiet = True
        with Sandbox(self.command(disturbed, reads)) as sandbox:
            with open(sandbox.path('input'), 'w') as file:
                file.write('input')
            stage = Stage(lab, np.random.default_rng(3), sandbox, Job([], ('o', 'p'), files_of('o', 'p')))
            self.assertTrue(stage.ready)
            self.assertEqual(stage.old, ['o'])
            stage.run('kind', {'DISTURBED': '1'}, sent, patience=1)
        return lab.violations['kind']

    def test_what_goes_well_is_no_violation(self):
        self.assertEqual(self.violations(WELL), [])
        self.assertEqual(self.violations('echo "prorata: 8 threads are used" >&2; ' + WELL), [])
        self.assertEqual(self.violations('echo "prorata: o: no room" >&2; exit 5'), [])
        self.assertEqual(self.violations('kill -TERM $$', sent=15), [])
        late = 'echo "prorata: p: cannot rename to: x; others of the outputs are there already: …" >&2; exit 4'
        self.assertEqual(self.violations(WELL.replace('exit 0', late)), [])
        self.assertEqual(self.violations('printf whole > o; printf 1 > .o.prorata-commit; ' + late, reads=RECOVERS), [])
        self.assertEqual(self.violations(WELL.replace('exit 0', 'kill -KILL $$'), sent=9), [])
        self.assertEqual(self.violations('printf 1 > .o.prorata-abcdefghijkl; kill -KILL $$', sent=9), [])
        self.assertEqual(self.violations('printf whole > o; kill -KILL $$', sent=9, reads=RECOVERS), [])

    def test_every_broken_promise_is_noticed(self):
        for name, (disturbed, word) in FAULTS.items():
            found = self.violations(disturbed, 9 if name in KILLED else 0)
            self.assertTrue(found, name)
            self.assertIn(word, found[0], name)

    def test_a_set_torn_by_a_signal_that_can_be_caught(self):
        found = self.violations('printf whole > o; kill -TERM $$', sent=15, reads=RECOVERS)
        self.assertIn('some outputs are new and some are old', found[0])

    def test_signals_that_were_not_the_one_sent(self):
        self.assertIn('died of signal 6', self.violations('kill -ABRT $$', sent=15)[0])

    def test_names_of_temporary_files(self):
        for name in ('.o.npy.prorata-abc234defghi', '.o.prorata-0', '.o.prorata-commit'):
            self.assertTrue(promises.TEMPORARY.match(name))
        self.assertFalse(promises.TEMPORARY.match('o.npy.prorata-abc234defghi'))


if __name__ == '__main__':
    unittest.main(verbosity=2)
