"""Files much larger than --memory: what a job has in memory stays within that and 64 MiB."""
import os
import subprocess
import time

import promises
import splits

KIND = 'files larger than --memory'
MIB = 1 << 20
BESIDES = 64  # MiB: the program, its threads, and what is small
CODES = ['f4', 'f8', 'i4', 'u8', 'i2']
JOBS = [['stats', 'x'], ['reduce', 'sum', 'x', '--exact'], ['map', 'x*2+1', 'x', '-o', 'o'], ['select', 'x > 0', 'x', '-o', 'o'],
        ['select', 'x > 0', 'x', '-o', 'o', '--indices'], ['scan', 'sum', 'x', '-o', 'o'], ['sort', 'x', '-o', 'o'],
        ['argsort', 'x', '-o', 'o'], ['unique', 'x', '-o', 'o', '--counts', 'c'], ['quantile', '0.5', 'x'], ['topk', '1000', 'x'],
        ['groupby', 'x', 'x', '-o', 'o'], ['histogram', 'x', '--bins', '1000']]


def peak(child):
    """The most MiB that the job had in memory, by the kernel's count."""
    most = 0
    while child.poll() is None:
        try:
            with open(f'/proc/{child.pid}/status') as status:
                most = max([most, *(int(line.split()[1]) for line in status if line.startswith('VmHWM'))])
        except OSError:
            break
        time.sleep(0.003)
    return most / 1024


def round_(lab, r, sandbox):
    code = str(r.choice(CODES))
    count = int(r.integers(60, 160)) * MIB // int(code[1])
    made = sandbox.run(['generate', '--count', count, '--dtype', code, '--seed', r.integers(0, 1000), '-o', 'x'])
    assert made.code == 0, made
    for _ in range(3):
        memory = int(r.choice([16, 24, 32]))
        job = list(JOBS[r.integers(0, len(JOBS))])
        arguments = job + splits.team(r) + ['--memory', f'{memory}M']
        began = time.monotonic()
        child = sandbox.start(arguments, stdout=subprocess.DEVNULL)
        most = peak(child)
        ended = sandbox.finish(child, arguments, began)
        lab.count(KIND, refused=ended.code != 0)
        wrong = promises.line_complaint(ended) if ended.code in promises.CODES and not ended.signal else [str(ended)]
        if most > memory + BESIDES:
            wrong.append(f'{most:.0f} MiB in memory')
        if ended.code not in (0, 5) and '--memory' not in ended.err:
            wrong.append(f'{ended}: a budget that cannot be kept is named')
        for what in wrong:
            lab.violation(KIND, what, arguments, f'[{count} of {code}]')
        for name in set(os.listdir(sandbox.folder)) - {'x'}:
            os.unlink(sandbox.path(name))
