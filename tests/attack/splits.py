"""Ways to split the work: devices, weights, threads, memory, chunks. None of them may change a bit."""
import numpy as np


def devices(r):
    kind = r.integers(0, 7)
    ranks = int(r.integers(2, 9))
    if kind == 0:
        return [], 1
    if kind == 1:
        return ['--devices', 'cpu'], 1
    if kind == 2:
        speeds = r.choice([1, 2, 3, 8], int(r.integers(1, 5)))
        return ['--devices', 'sim:' + ','.join(map(str, speeds))], len(speeds)
    if kind == 3:
        return ['--devices', f'cpu,cpu*{ranks},sim:1,3'], ranks + 3
    return ['--devices', f'cpu*{ranks}'], ranks


def weights(r, ranks):
    kind = r.integers(0, 4)
    if kind == 0:
        return []
    if kind == 1:
        return ['--weights', 'equal']
    w = r.choice([0, 0, 1, 1, 2.5, 7, 1000, 1e-9], ranks)
    w[r.integers(0, ranks)] = 3
    return ['--weights', ','.join(f'{v:g}' for v in w)]


def team(r):
    """Devices, weights, method and threads: options of every command that computes."""
    chosen, ranks = devices(r)
    chosen = chosen + weights(r, ranks)
    if r.random() < 0.3:
        chosen += ['--method', str(r.choice(['hamilton', 'webster', 'dhondt']))]
    if r.random() < 0.5:
        chosen += ['--threads', str(r.integers(1, 8))]
    return chosen


def stream(r):
    """A team, and how much of the data it holds at a time."""
    chosen = team(r)
    kind = r.integers(0, 3)
    if kind == 0:
        chosen += ['--chunk', str(r.choice(['1', '4K', '8K', '12K', '20000', '37000', '1M']))]
    elif kind == 1:
        chosen += ['--memory', str(r.choice(['64K', '256K', '1M', '16M', '64M']))]
    return chosen


def by_disk(r):
    """A team, and memory as far as commands that may go by way of the disk have a least of it."""
    chosen = team(r)
    if r.random() < 0.5:
        chosen += ['--memory', str(r.choice(['16M', '17M', '64M']))]
    return chosen


def costs(r, sandbox, n):
    """--costs: what each element costs, in a file."""
    c = r.choice([0, 1, 1, 2, 100, 0.25], max(n, 1))[:n]
    np.save(sandbox.path('costs.npy'), c)
    return ['--costs', 'costs.npy']


def extras(r, sandbox, job):
    """Other options that may not change the answer, and what they write."""
    if job.count is None or r.random() < 0.5:
        return [], ()
    kind = r.integers(0, 4)
    if kind == 0:
        return costs(r, sandbox, job.count), ()
    if kind == 1:
        return ['--cap', str(job.count + int(r.integers(0, 3)))], ()
    if kind == 2:
        return ['--trace', 'trace.json'], ('trace.json',)
    return ['--verify', str(r.choice(['1', '50', '100']))], ()
