"""What the tests of the command line share: running it, arrays to give it, and what it must never do.

A test is called as TEST.py PRORATA [unittest arguments].
"""
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np

PRORATA = os.path.abspath(sys.argv[1])
CACHE = tempfile.TemporaryDirectory()  # what --weights auto learns here is nobody's
os.environ['XDG_CACHE_HOME'] = CACHE.name
# AddressSanitizer's own tables take terabytes of addresses, which no limit of memory allows.
ADDRESS_SANITIZER = 'ASAN_OPTIONS' in os.environ
CODES = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']
if ADDRESS_SANITIZER:  # a command takes ten times longer; types of a size treat memory alike, and the plain build tries all
    CODES = ['b1', 'i1', 'u2', 'i8', 'f2', 'f4', 'f8']


def run(*args, **kwargs):
    return subprocess.run([PRORATA, *map(str, args)], capture_output=True, text=True, timeout=300, **kwargs)


def answer(*args):
    done = run(*args, '--json')
    assert done.returncode == 0, (args, done.stderr)
    return json.loads(done.stdout)


def bits(x):
    return '0x%016x' % struct.unpack('<Q', struct.pack('<d', x))[0]


def some(code, n, seed):
    r = np.random.default_rng(seed)
    if code == 'b1':
        return r.integers(0, 2, n).astype('b1')
    if code[0] == 'f':
        return (r.standard_normal(n) * np.exp2(r.integers(-8, 8, n))).astype(code)
    info = np.iinfo(code)
    return r.integers(info.min, info.max, n, dtype=code, endpoint=True)


def written_by(child):
    """The bytes that a process has written to files so far."""
    with open(f'/proc/{child.pid}/io') as counts:
        return int(dict(line.split(': ') for line in counts)['wchar'])


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = self.folder.name
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.dir, name)

    def save(self, name, x):
        np.save(self.path(name), x)
        return self.path(name)

    def refused(self, code, fragment, *args, **kwargs):
        """The command fails with this code and one line that says so."""
        done = run(*args, **kwargs)
        self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertTrue(done.stderr.startswith('prorata: '), done.stderr)
        self.assertIn(fragment, done.stderr)
        return done

    def out_of_room(self, limit, *args):
        """The command fails with code 5 and leaves nothing, where files may have so many bytes."""
        before = set(os.listdir(self.dir))
        done = self.refused(5, '', *args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(set(os.listdir(self.dir)), before)
        return done

    def leaves_nothing_when_killed(self, *args, writes):
        """Killed when it has written an eighth, two, three and four eighths of so many bytes."""
        before = set(os.listdir(self.dir))
        for k, number in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)):
            child = subprocess.Popen([PRORATA, *map(str, args), '--threads', '1'], stdout=subprocess.DEVNULL)
            self.wait_until(child, lambda: written_by(child) >= writes * (k + 1) // 8)
            child.send_signal(number)
            self.assertNotEqual(child.wait(), 0, (args, number))
            self.assertEqual(set(os.listdir(self.dir)), before, (args, number))

    def wait_until(self, child, reached):
        """Until it is so; fails where the command ends before."""
        while not reached():
            self.assertIsNone(child.poll(), child.args)
            time.sleep(0.001)

    def progress_to(self, child, percent):
        """Reads what a command with --progress always draws until it has come so far."""
        drawn = b''
        while not any(int(p) >= percent for p in re.findall(rb'(\d+) %', drawn)):
            more = os.read(child.stderr.fileno(), 1 << 16)
            self.assertTrue(more, (child.args, drawn))
            drawn += more

    def sparse(self, dtype, count, name='sparse.npy'):
        """An array of zeros that takes no place on disk."""
        path = self.path(name)
        np.lib.format.open_memmap(path, 'w+', dtype, (count,)).flush()
        return path

    def used_by(self, *args):
        """Seconds of processor time, page faults and waits of the command."""
        child = subprocess.Popen([PRORATA, *map(str, args)], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0, args)
        return np.array([used.ru_utime + used.ru_stime, used.ru_minflt, used.ru_nvcsw])

    def peak_memory(self, *args):
        """The most MiB that the command had in memory."""
        child = subprocess.Popen([PRORATA, *map(str, args)], stdout=subprocess.DEVNULL)
        peak_kib = 0
        while child.poll() is None:  # the peak so far, from the kernel; rusage would count this interpreter's
            with open(f'/proc/{child.pid}/status') as status:
                peak = [line.split()[1] for line in status if line.startswith('VmHWM')]
            peak_kib = max([peak_kib, *map(int, peak)])
            time.sleep(0.002)
        self.assertEqual(child.returncode, 0, args)
        print(f'{args[0]}: peak {peak_kib / 1024:.0f} MiB', *args[1:])
        return peak_kib / 1024


SPLITS = [[],
          ['--devices', 'cpu*2'], ['--devices', 'cpu*3', '--weights', '5,1,1', '--chunk', '4K'],
          ['--devices', 'cpu*8', '--weights', '1,0,0,3,1000,1,1,1', '--chunk', '12K', '--threads', '1'],
          ['--devices', 'sim:1,2,4,8', '--chunk', '1M'], ['--devices', 'cpu', '--threads', '7', '--chunk', '20000'],
          ['--devices', 'cpu*5', '--method', 'webster', '--memory', '64K'],
          ['--devices', 'cpu*4', '--weights', 'equal', '--cap', '150000', '--method', 'dhondt'],
          ['--devices', 'cpu*2', '--weights', 'auto', '--threads', '3']]
if ADDRESS_SANITIZER:
    SPLITS = [SPLITS[k] for k in (0, 3, 6)]
# what stats, reduce and map can do besides: compute some chunks again and compare
VERIFYING = [['--devices', 'cpu*4', '--weights', '5,1,0,2', '--chunk', '12K', '--verify', '50']]


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
