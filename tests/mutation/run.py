#!/usr/bin/env python3
"""Plants faults into a copy of the sources, builds it once, and says which of them the tests notice.

    tests/mutation/run.py                     all of it; what is known already is not run again
    tests/mutation/run.py --only NAME …       these faults
    tests/mutation/run.py --file host/sort    the faults of files whose name holds this
    tests/mutation/run.py --list              the faults and what is known of them; runs nothing
    tests/mutation/run.py --check             only that every fault finds its code (ctest -R mutation_faults)
    tests/mutation/run.py --again             forget what is known
    tests/mutation/run.py --no-build          the build as it is
    tests/mutation/run.py --quick SECONDS     only cases that take no longer; a fault that none of them notices is not tried

First every case of every test runs once without a fault: that says how long it takes, and which faults it reaches. A
fault is then given to the cases that reach it, quick ones first, until one fails that passes again without it. A case
that hangs has failed. faults.py explains the list.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import faults as fault_list
import tests as test_list

BUILD = fault_list.ROOT / 'build' / 'mutation'
WANTED = 0.97  # of the faults that are not equivalent
# Tests of the build, not of what it builds; and the battery, whose jobs are chosen at random.
LEFT_OUT = {'floors', 'verbs', 'speed_table', 'mutation_faults', 'hardening', 'install_prefix', 'find_package_consumer',
            'pkg_config_consumer', 'add_subdirectory_consumer', 'expression_fuzz', 'npy_fuzz', 'attack', 'attack_promises',
            'attack_preload', 'every_allocation'}


class Kept:
    """Results in a file, written as they come."""

    def __init__(self, name, fresh):
        self.path, self.fresh = BUILD / name, fresh
        self.lock = threading.Lock()
        self.values = json.loads(self.path.read_text()) if self.path.exists() and not fresh else {}

    def put(self, key, value):
        with self.lock:
            if self.path.exists() and not self.fresh:  # another run may have written meanwhile
                self.values = json.loads(self.path.read_text())
            self.values[key] = value
            draft = self.path.with_suffix('.draft')
            draft.write_text(json.dumps(self.values))
            draft.replace(self.path)


def build(faults, jobs, targets):
    sources, binary = BUILD / 'source', BUILD / 'build'
    fault_list.plant(sources, faults)
    if not (binary / 'build.ninja').exists():
        flags = f'-include {sources}/tests/mutation/planted_fault.hpp -w'
        subprocess.run(['cmake', '-S', sources, '-B', binary, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release',
                        '-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG', f'-DCMAKE_CXX_FLAGS={flags}',
                        '-DPRORATA_CUDA=OFF', '-DPRORATA_BENCH=OFF'], check=True)
    subprocess.run(['nice', 'cmake', '--build', binary, '--parallel', str(jobs), '--', *(targets or programs(binary))],
                   check=True)


def programs(binary):
    """What tests run: not the headers compiled alone."""
    listed = subprocess.run(['ninja', '-C', binary, '-t', 'targets', 'all'], check=True, capture_output=True, text=True)
    return [name for name, _, rule in (line.partition(': ') for line in listed.stdout.splitlines())
            if rule.startswith('CXX_EXECUTABLE')]


def measure(tests, jobs, baseline, longest):
    """Runs the cases that have not been measured since their program was built; one that fails is repeated."""
    stamps = {t.name: max(os.stat(part).st_mtime for part in t.command if os.path.isfile(part)) for t in tests}
    known = lambda t, c: baseline.values.get(f'{t.name} {c}', {})
    todo = [(t, c) for t in tests for c in t.cases if known(t, c).get('stamp') != stamps[t.name] or
            (known(t, c)['ended'] == 'hung' and known(t, c)['seconds'] < longest)]
    done = 0

    def one(test, case):
        nonlocal done
        found = test_list.measure(test, case, BUILD, longest)
        if found['ended'] == 'failed':
            found = test_list.measure(test, case, BUILD, longest)
        baseline.put(f'{test.name} {case}', found | {'stamp': stamps[test.name]})
        done += 1
        if found['ended'] == 'failed':
            print(f'without a fault, this fails and is left out: {test.name} {case}\n{found["output"]}', flush=True)
        elif done % 100 == 0:
            print(f'{done} of {len(todo)} cases measured', flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda tc: one(*tc), todo))


def try_fault(fault, tests, baseline, longest):
    """{noticed: test and case or '', how, seconds, reached: number of cases that reach it, left_out: that were too long}"""
    begun = time.monotonic()
    plans, left_out = [], 0
    for test in tests:
        if test.name in fault.not_by:
            continue
        known = [(baseline[f'{test.name} {c}'], c) for c in test.cases if f'{test.name} {c}' in baseline]
        cases = [(b['seconds'], c) for b, c in known if b['passed'] and fault.number in b['reached']]
        left_out += sum(b['ended'] == 'hung' for b, _ in known) + sum(s > longest for s, _ in cases)
        cases = [(s, c) for s, c in cases if s <= longest]
        if cases:
            plans.append((sum(s for s, _ in cases), test, [c for _, c in sorted(cases)]))
    reached = sum(len(cases) for _, _, cases in plans)
    for total, test, cases in sorted(plans, key=lambda p: p[0]):
        while cases:
            limit = min(30 + 5 * total, 300)
            ended, _, output = test_list.run(test, cases, limit, {'PRORATA_FAULT': str(fault.number)})
            if ended == 'passed':
                break
            case = test.failed_case(cases, output)
            case = case if case in cases else cases[0]
            if test_list.run(test, [case], limit, {})[0] == 'passed':
                return {'noticed': f'{test.name} {case}', 'how': ended, 'reached': reached,
                        'seconds': round(time.monotonic() - begun, 1)}
            cases.remove(case)  # it fails by itself today
    return {'noticed': '', 'how': '', 'reached': reached, 'left_out': left_out, 'seconds': round(time.monotonic() - begun, 1)}


def tried(fault, found):
    """Whether what is known of a fault is all that the tests can say of it."""
    return found is not None and bool(found['noticed'] or not found.get('left_out'))


def line_of(fault, found):
    if found is None:
        verdict = 'not tried'
    elif not tried(fault, found):
        verdict = f'not tried on {found["left_out"]} cases; the others do not notice it'
    elif found['noticed']:
        verdict = f'{found["how"]} {found["noticed"]} ({found["seconds"]} s)'
    elif fault.equivalent:
        verdict = 'equivalent: ' + fault.equivalent
    else:
        verdict = f'SURVIVED {found["reached"]} cases' + (': ' + fault.survives if fault.survives else '')
    return f'{fault.name:40} {fault.file:40} {verdict}'


def summary(faults, results):
    found = [(f, results.values.get(f.key())) for f in faults]
    known = [(f, r) for f, r in found if tried(f, r)]
    wrong = [f.name for f, r in known if f.equivalent and r['noticed']]
    real = [(f, r) for f, r in known if not f.equivalent]
    noticed = sum(bool(r['noticed']) for _, r in real)
    print(f'\n{len(faults)} faults, {len(known)} tried, {len(known) - len(real)} of them equivalent; '
          f'{noticed} of {len(real)} noticed: {100 * noticed / max(len(real), 1):.1f} %')
    if wrong:
        print('called equivalent, but noticed:', *wrong)
    return noticed >= WANTED * len(real) and not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME')
    parser.add_argument('--file', nargs='+', default=[''])
    for flag in ('list', 'check', 'again', 'no-build', 'survivors'):
        parser.add_argument('--' + flag, action='store_true')
    parser.add_argument('--targets', nargs='*', help='build only these')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--quick', type=float, default=900, metavar='SECONDS')
    asked = parser.parse_args()

    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests of signals inherit what this process ignores
    everything = fault_list.read_all()
    fault_list.check(everything)
    if asked.check:
        return print(f'{len(everything)} faults find their code')
    BUILD.mkdir(parents=True, exist_ok=True)
    results, baseline = Kept('results.json', asked.again), Kept('baseline.json', asked.again)
    chosen = [f for f in everything if (not asked.only or f.name in asked.only) and any(part in f.file for part in asked.file)]
    if asked.list or asked.survivors:
        for f in chosen:
            found = results.values.get(f.key())
            if asked.list or (tried(f, found) and not found['noticed']):
                print(line_of(f, found))
        return summary(chosen, results)
    if not asked.no_build:
        build(everything, asked.jobs, asked.targets)
    tests = test_list.all_tests(BUILD / 'build', LEFT_OUT)
    measure(tests, asked.jobs, baseline, asked.quick)
    known = {f.name for f in chosen if f.key() in results.values and
             (results.values[f.key()]['noticed'] or f.equivalent)}
    todo = sorted((f for f in chosen if asked.only or f.name not in known), key=lambda f: bool(f.equivalent))

    def one(fault):
        results.put(fault.key(), try_fault(fault, tests, baseline.values, asked.quick))
        print(line_of(fault, results.values[fault.key()]), flush=True)

    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(one, todo))
    return summary(chosen, results)


if __name__ == '__main__':
    sys.exit(0 if main() is not False else 1)
