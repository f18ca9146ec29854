"""plan: shares of elements, in exact arithmetic."""
import fractions
import itertools
import json

import numpy as np

from job import Job


def hamilton(units, weights):
    """Largest remainders; ties to the lowest index."""
    total = sum(weights)
    quotas = [units * w / total for w in weights]
    shares = [int(q) for q in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(quotas[i] - shares[i]), i))
    for i in by_remainder[:units - sum(shares)]:
        shares[i] += 1
    return shares


def by_divisors(units, weights, divisor):
    """Unit by unit, each to the largest weight over its divisor; ties to the lowest index."""
    shares = [0] * len(weights)
    for _ in range(units):
        best = max((i for i in range(len(weights)) if weights[i] > 0), key=lambda i: (weights[i] / divisor(shares[i]), -i))
        shares[best] += 1
    return shares


def apportioned(units, weights, method):
    w = [fractions.Fraction(v) for v in weights]
    if method == 'hamilton':
        return hamilton(units, w)
    return by_divisors(units, w, (lambda k: 2 * k + 1) if method == 'webster' else (lambda k: k + 1))


def some_weights(r, ranks):
    w = r.choice([0.0, 1.0, 1.0, 2.5, 7.0, 1000.0, 1e-300, 1e300, 0.1], ranks).tolist()
    w[int(r.integers(0, ranks))] = 3.0
    return w


def contiguous(r, sandbox):
    ranks = int(r.integers(1, 7))
    weights = some_weights(r, ranks)
    method = str(r.choice(['hamilton', 'webster', 'dhondt']))
    grain = int(r.choice([1, 7, 1024]))
    units = int(r.integers(0, 60)) if method != 'hamilton' else int(r.choice([0, 1, 10, 999, 10**9]))
    n = max(0, units * grain - int(r.integers(0, grain)))
    arguments = ['plan', '--n', n, '--weights', ','.join(map(repr, weights)), '--method', method, '--granularity', grain, '--json']
    shares = apportioned(-(-n // grain), weights, method)
    cuts = [min(int(c) * grain, n) for c in np.cumsum([0, *shares], dtype=object)]

    def complaint(found):
        return '' if found == cuts else f'cuts {found}, not {cuts}'
    return Job(arguments, (), lambda sandbox, ended: json.loads(ended.out)['cuts'], complaint)


def by_costs(r, sandbox):
    """The smallest possible largest load / weight, against all ways to cut."""
    n, ranks = int(r.integers(1, 9)), int(r.integers(1, 4))
    costs = r.choice([0, 1, 2, 5, 9, 0.5], n)
    weights = [1.0 if v == 0 else v for v in r.choice([0, 1, 2, 3], ranks).tolist()]
    np.save(sandbox.path('c.npy'), costs)
    arguments = ['plan', '--costs', 'c.npy', '--weights', ','.join(map(repr, weights)), '--granularity', 1, '--json']
    sums = np.concatenate([[0], np.cumsum(costs)])
    best = min(max((sums[b] - sums[a]) / w for a, b, w in zip((0, *cuts), (*cuts, n), weights))
               for cuts in itertools.combinations_with_replacement(range(n + 1), ranks - 1))

    def complaint(found):
        cuts = found['cuts']
        if cuts[0] != 0 or cuts[-1] != n or sorted(cuts) != cuts:
            return f'cuts {cuts}'
        reached = max((sums[b] - sums[a]) / w for a, b, w in zip(cuts, cuts[1:], weights))
        if reached != best or found['bottleneck'] != best:
            return f'bottleneck {found["bottleneck"]}, by its cuts {reached}; the smallest is {best}'
        return ''
    return Job(arguments, (), lambda sandbox, ended: json.loads(ended.out), complaint)


def in_turns(r, sandbox):
    """Element by element, or block by block: over equal weights exactly, over others every element once."""
    ranks, n = int(r.integers(1, 7)), int(r.choice([0, 1, 10, 1000, 123457]))
    equal = bool(r.random() < 0.5)
    weights = [1.0] * ranks if equal else some_weights(r, ranks)
    block = int(r.choice([1, 7, 1024]))
    kind = ['--partition', 'cyclic'] if block == 1 else ['--partition', 'block-cyclic', '--block', block]
    arguments = ['plan', '--n', n, '--weights', ','.join(map(repr, weights)), *kind, '--json']
    turns = np.bincount(np.arange(n) // block % ranks, minlength=ranks).tolist()

    def complaint(counts):
        if equal:
            return '' if counts == turns else f'counts {counts}, not {turns}'
        lost = sum(counts) != n or any(c > 0 and w == 0 for c, w in zip(counts, weights))
        return f'counts {counts} of {n} elements' if lost else ''
    return Job(arguments, (), lambda sandbox, ended: json.loads(ended.out)['counts'], complaint)


def is_webster(shares, weights):
    """Whether no unit would be better placed elsewhere, by Webster's divisors."""
    w = [fractions.Fraction(v) for v in weights]
    gets = max(v / (2 * s + 1) for v, s in zip(w, shares))
    loses = min(v / (2 * s - 1) for v, s in zip(w, shares) if s > 0)
    return gets <= loses


def hashed(r, sandbox):
    """Slots of the key space by Webster; elements to be expected in them by largest remainders."""
    weights = some_weights(r, int(r.integers(1, 7)))
    n = int(r.choice([0, 1, 10, 999, 10**9]))
    arguments = ['plan', '--n', n, '--weights', ','.join(map(repr, weights)), '--partition', 'hash', '--json']

    def answer(sandbox, ended):
        found = json.loads(ended.out)
        return [p['slots'] for p in found['plan']], found['counts']

    def complaint(found):
        slots, counts = found
        if sum(slots) != 65536 or not is_webster(slots, weights):
            return f'slots {slots}'
        expected = apportioned(n, slots, 'hamilton')
        return '' if counts == expected else f'counts {counts}, not {expected}'
    return Job(arguments, (), answer, complaint)


def by_tasks(r, sandbox):
    """The costliest first, each where it would be done soonest; costs and weights that keep every sum exact."""
    n, ranks = int(r.integers(1, 200)), int(r.integers(1, 6))
    costs = r.integers(0, 50, n).astype('f8')
    weights = r.choice([0.5, 1.0, 2.0, 4.0], ranks).tolist()
    np.save(sandbox.path('c.npy'), costs)
    arguments = ['plan', '--costs', 'c.npy', '--weights', ','.join(map(repr, weights)), '--partition', 'lpt', '--json']
    loads = [0.0] * ranks
    for cost in sorted(costs.tolist(), reverse=True):
        best = min(range(ranks), key=lambda k: ((loads[k] + cost) / weights[k], k))
        loads[best] += cost
    most = max(load / w for load, w in zip(loads, weights))

    def complaint(found):
        if sum(found['loads']) != sum(costs) or sum(found['counts']) != n:
            return f'loads {found["loads"]} of {sum(costs)}, counts {found["counts"]} of {n}'
        return '' if found['bottleneck'] == most else f'bottleneck {found["bottleneck"]}, not {most}'
    return Job(arguments, (), lambda sandbox, ended: json.loads(ended.out), complaint)
