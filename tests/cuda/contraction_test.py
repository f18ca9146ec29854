#!/usr/bin/env python3
"""Headers compiled by nvcc without our flags keep their bits, or are refused.

usage: contraction_test.py NVCC SOURCE_FOLDER
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

NVCC, ROOT = sys.argv[1:3]
REFUSAL = 'prorata_promises_the_same_bits_remove_ftz_true_prec_div_false_prec_sqrt_false'


def compiled(kind, *options):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        done = subprocess.run(
            [NVCC, '-std=c++20', '-arch=sm_90', '--expt-relaxed-constexpr', '-I' + os.path.join(ROOT, 'include'), kind,
             *options, '-o', out, os.path.join(ROOT, 'tests/cuda/contraction.cu')], capture_output=True, text=True)
        if done.returncode != 0:
            return done.returncode, done.stdout + done.stderr, ''
        with open(out, encoding='latin-1') as text:
            return 0, done.stdout + done.stderr, text.read()


class Contraction(unittest.TestCase):
    def test_nothing_of_ours_is_joined(self):
        status, said, ptx = compiled('-ptx', '--fmad=true')
        self.assertEqual(status, 0, said)
        self.assertIn('mul.rn.f32', ptx)
        self.assertEqual(re.findall(r'\bfma\.\S+.*', ptx), [])
        self.assertNotIn(REFUSAL, ptx)

    def test_other_roundings_are_refused(self):
        for option in ('--ftz=true', '--prec-div=false', '--prec-sqrt=false'):
            status, said, _ = compiled('-cubin', option)
            self.assertNotEqual(status, 0, option)
            self.assertIn(REFUSAL, said)

    def test_our_own_flags_are_not(self):
        status, said, _ = compiled('-cubin', '--fmad=false')
        self.assertEqual(status, 0, said)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
