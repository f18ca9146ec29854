#!/usr/bin/env python3
"""bench/gpu.sh without a GPU: programs that pretend, to see that every part runs, and that none is passed over.

usage: gpu_script_test.py SOURCE_FOLDER [SIMULATED_DEVICES_TEST]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = sys.argv[1]
REAL = sys.argv[2] if len(sys.argv) > 2 else None


class Script(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        with open(os.path.join(ROOT, 'bench/gpu.sh')) as script:
            text = script.read()
        names = re.search(r'^tests=\((.*?)\)$', text, re.S | re.M)[1] + ' cuda_devices_test gpu_bench planted_fault'
        expanded = subprocess.run(['bash', '-c', 'echo ' + names.replace('\n', ' ')], capture_output=True, text=True)
        self.programs = expanded.stdout.split()
        for name in self.programs:
            self.program('build/bin/' + name, 'echo "$@"')
        self.program('path/nvidia-smi', 'echo "GPU 0: pretended"; echo "GPU 1: pretended"')
        # the checker finds the planted fault, and nothing else
        self.program('path/compute-sanitizer', 'case "$*" in *planted_fault*) exit 9;; esac')
        self.program('build/bin/prorata', 'echo pretended')
        self.program('path/python3', 'echo "$@"')

    def program(self, name, body):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(f'#!/bin/sh\n{body}\n')
        os.chmod(path, 0o755)

    def run_script(self, **more):
        out = os.path.join(self.folder, 'out')
        environment = dict(os.environ, OUT=out, PATH=os.path.join(self.folder, 'path') + ':' + os.environ['PATH'], **more)
        done = subprocess.run(['bash', os.path.join(ROOT, 'bench/gpu.sh'), os.path.join(self.folder, 'build')],
                              capture_output=True, text=True, env=environment)
        with open(os.path.join(out, 'gpu.json')) as report:
            return done, json.load(report)['parts']

    def test_every_part_runs(self):
        done, parts = self.run_script()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in self.programs + ['memcheck', 'racecheck', 'racecheck_groups', 'initcheck', 'synccheck', 'cli_gpu']:
            self.assertEqual(parts[name]['ending'], 'ok', name)

    def test_what_fails_is_told_and_the_rest_goes_on(self):
        self.program('build/bin/cuda_conformance_test', 'exit 3')
        self.program('build/bin/check_test', 'echo "[  SKIPPED ] check.something"')
        os.remove(os.path.join(self.folder, 'build/bin/prorata'))
        os.remove(os.path.join(self.folder, 'build/bin/nvrtc_test'))
        done, parts = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(parts['cuda_conformance_test']['ending'], 'failed with status 3')
        self.assertEqual(parts['check_test']['ending'], 'tests were skipped')
        self.assertEqual(parts['nvrtc_test']['ending'], 'failed with status 127')
        self.assertEqual(parts['cli_gpu']['ending'], 'failed with status 127')
        self.assertEqual(parts['gpu_bench']['ending'], 'ok')

    @unittest.skipIf(REAL is None, 'no simulated GPU in this build')
    def test_kernels_run_under_it(self):
        shutil.copy(REAL, os.path.join(self.folder, 'build/bin/cuda_devices_test'))
        _, parts = self.run_script(PRORATA_SIMULATED='devices=2')
        self.assertEqual(parts['cuda_devices_test']['ending'], 'ok')
        with open(os.path.join(self.folder, 'out/cuda_devices_test.log')) as log:
            self.assertIn('every_device_works_while_another_is_current', log.read())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
