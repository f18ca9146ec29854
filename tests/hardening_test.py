#!/usr/bin/env python3
"""The command as it was linked: what makes a mistake in it hard to exploit is there.

usage: hardening_test.py PRORATA
"""
import re
import subprocess
import sys
import unittest


def said_by_readelf(*options):
    return subprocess.run(['readelf', '-W', *options, PRORATA], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_addresses_are_random(self):
        self.assertRegex(said_by_readelf('-h'), r'Type:\s+DYN')
        self.assertRegex(said_by_readelf('-d'), r'FLAGS_1.*\bPIE\b')

    def test_relocations_are_read_only_before_main(self):
        self.assertIn('GNU_RELRO', said_by_readelf('-l'))
        self.assertRegex(said_by_readelf('-d'), r'\((FLAGS|FLAGS_1)\).*\b(BIND_NOW|NOW)\b')

    def test_neither_stack_nor_data_can_run(self):
        segments = said_by_readelf('-l')
        self.assertRegex(segments, r'GNU_STACK.* RW +0x')
        self.assertEqual(re.findall(r'LOAD .* RWE ', segments), [])


if __name__ == '__main__':
    PRORATA = sys.argv[1]
    unittest.main(argv=sys.argv[:1], verbosity=2)
