#!/usr/bin/env python3
"""The command as it was linked: what makes a mistake in it hard to exploit is there.

usage: hardening_test.py PRORATA ON|OFF    whether it was compiled with the flags of `hardened` (cmake/house.cmake)
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


class Compiled(unittest.TestCase):
    def setUp(self):
        if not HARDENED:
            self.skipTest('compiled without these flags: another processor, no optimiser, or a sanitizer')

    def test_the_stack_has_canaries(self):
        self.assertTrue('__stack_chk_fail' in imported(), 'no __stack_chk_fail')

    def test_calls_that_fill_buffers_know_their_size(self):
        checked = {name for name in imported() if re.fullmatch(r'__\w+_chk', name)}
        self.assertNotEqual(checked, set())

    def test_functions_may_be_called_through_pointers_and_other_places_not(self):
        # `readelf -n` would say so of the whole program only if the system's startup files had the mark, too.
        for name in ('main', *own_functions()):
            code = subprocess.run(['objdump', '-d', '--no-show-raw-insn', f'--disassemble={name}', PRORATA],
                                  capture_output=True, text=True, check=True).stdout
            first = re.search(r'^[0-9a-f]+ <.*>:\n\s*[0-9a-f]+:\s*(\S+)', code, re.M)
            self.assertEqual(first and first[1], 'endbr64', name)


def imported():
    return set(re.findall(r' UND (\w+)', said_by_readelf('--dyn-syms')))


def own_functions():
    """A function of the library, one of jobs, one of the command, and one of the sort for each instruction set."""
    names = re.findall(r' FUNC .* (\S+)$', said_by_readelf('-s'), re.M)
    found = {}
    for name in names:
        for part in OWN:
            if part in name and '.' not in name:
                found.setdefault(part, name)
    assert len(found) == len(OWN), found
    return found.values()


OWN = ['prorata4host6stream4sync', 'prorata4jobs13parse_devices', 'prorata3cli9help_text']


if __name__ == '__main__':
    PRORATA, HARDENED = sys.argv[1], sys.argv[2] == 'ON'
    unittest.main(argv=sys.argv[:1], verbosity=2)
