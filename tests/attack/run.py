#!/usr/bin/env python3
"""Attacks the command prorata: faults, kills, limits and hostile values, each run against the same promises.

usage: run.py PRORATA [--libraries FOLDER] [--long] [--seed N] [--only KIND] [--round N] [--runs N] [--seconds S]

The short form (the default) has a fixed seed and takes less than a minute; --long makes at least 20,000 runs. A
violation is printed with what repeats it: --only, --seed and --round.
"""
import argparse
import importlib
import itertools
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import preload  # noqa: E402
from sandbox import Sandbox  # noqa: E402
from tally import Tally  # noqa: E402

# Attacks, each a module of attacks/, and the share of the runs that each has.
SHARE = {'fuzz': 0.40, 'system_calls': 0.20, 'kills': 0.06, 'allocations': 0.09, 'limits': 0.05, 'descriptors': 0.04, 'options': 0.06,
         'aliases': 0.02, 'damaged': 0.04, 'changed': 0.038, 'memory': 0.002}
KINDS = list(SHARE)
SHORT = {'seed': 11, 'seconds': 40, 'runs': 2000}
LONG = {'seconds': 7200, 'runs': 21000}


def play(lab, kind, prorata, numbers, seconds, runs):
    """Rounds of one attack, until there were enough runs or the time is over."""
    attack = importlib.import_module(f'attacks.{kind}')
    end, start = time.monotonic() + seconds, lab.total()
    for number in numbers:
        if time.monotonic() > end or lab.total() - start >= runs:
            break
        lab.attack, lab.round = kind, number
        r = np.random.default_rng([lab.seed, int.from_bytes(kind.encode()[:6], 'big'), number])
        with Sandbox(prorata) as sandbox:
            attack.round_(lab, r, sandbox)


def numbers_of(told):
    return [told.round] if told.round is not None else itertools.count()


def built_beside(prorata):
    """The folder of the preloaded libraries in the build folder that holds the command."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(prorata))), 'tests', 'attack')


def main():
    sys.set_int_max_str_digits(0)  # products of integers are compared whole
    np.seterr(all='ignore')  # infinities and NaNs are meant
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('prorata')
    parser.add_argument('--libraries', metavar='FOLDER', help='where system_calls.so and allocations.so are')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--seed', type=int)
    parser.add_argument('--only', choices=KINDS)
    parser.add_argument('--round', type=int)
    parser.add_argument('--runs', type=int)
    parser.add_argument('--seconds', type=float)
    told = parser.parse_args()
    form = LONG if told.long else SHORT
    seed = told.seed if told.seed is not None else form.get('seed', time.time_ns() % 2**32)
    runs, seconds = told.runs or form['runs'], told.seconds or form['seconds']
    kinds = [told.only] if told.only else KINDS
    print(f'seed {seed}: at most {runs} runs, {seconds:g} s', flush=True)
    lab = Tally(seed)
    preload.FOLDER = told.libraries or built_beside(told.prorata)
    whole = sum(SHARE[k] for k in kinds)
    for kind in kinds:
        part = SHARE[kind] / whole
        play(lab, kind, os.path.abspath(told.prorata), numbers_of(told), seconds * part, runs * part)
    print(lab.table())
    print(f'{lab.total()} runs, {lab.broken()} violations, seed {seed}')
    sys.exit(1 if lab.broken() else 0)


if __name__ == '__main__':
    main()
