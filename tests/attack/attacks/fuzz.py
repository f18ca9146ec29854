"""Random jobs against NumPy and exact arithmetic: right answers, and the same bits over every split."""
import json
import os

import commands
import promises
import splits

KIND = 'random jobs against NumPy, over random splits'


def attempt(lab, sandbox, job, options, more_outputs=()):
    """One run: its answer, or None."""
    before = sandbox.entries()
    arguments = job.arguments + options
    ended = sandbox.run(arguments)
    lab.count(KIND, refused=ended.code != 0)
    for what in promises.broken(ended, before, sandbox.entries(), (*job.outputs, *more_outputs)):
        lab.violation(KIND, what, arguments)
        return None
    if ended.code != 0:
        if not job.refusal(ended) and not may_be_refused(ended, options):
            lab.violation(KIND, f'a job that can be done was refused: {ended}', arguments)
        return None
    try:
        answer = job.answer(sandbox, ended)
        wrong = job.complaint(answer)
        for name in more_outputs:
            with open(sandbox.path(name)) as file:
                json.load(file)
    except (KeyError, ValueError, TypeError, IndexError) as e:
        wrong = f'the answer cannot be read: {e!r}, stdout {ended.out[-300:]!r}'
        answer = None
    if wrong:
        lab.violation(KIND, wrong, arguments)
        return None
    return answer


def may_be_refused(ended, options):
    """--verify where a command has nothing to compute again, and budgets that cannot be kept, are refused by name."""
    return ended.code in (2, 5, 6) and any(o in options and o in ended.err for o in ('--verify', '--memory', '--chunk'))


def for_people(lab, sandbox, job):
    """The same without --json: something is printed, and that is all that can be said of it."""
    before = sandbox.entries()
    arguments = [a for a in job.arguments if a != '--json']
    ended = sandbox.run(arguments)
    lab.count(KIND, refused=ended.code != 0)
    wrong = promises.broken(ended, before, sandbox.entries(), job.outputs)
    if not wrong and ended.code == 0 and not ended.out.endswith('\n'):
        wrong = [f'printed {ended.out[-100:]!r}']
    for what in wrong:
        lab.violation(KIND, what, arguments)


def round_(lab, r, sandbox):
    makers = commands.LARGE if r.random() < 0.01 else commands.SMALL
    job = makers[r.integers(0, len(makers))](r, sandbox)
    first = None
    for k in range(4):
        more, outputs = splits.extras(r, sandbox, job) if k else ([], ())
        answer = attempt(lab, sandbox, job, job.split(r) + more if k else [], outputs)
        for name in outputs:
            if os.path.exists(sandbox.path(name)):
                os.unlink(sandbox.path(name))
        if answer is None:
            if k == 0:
                return  # said once
            continue
        if first is not None and answer != first:
            lab.violation(KIND, 'another answer than without the options of this split', job.arguments)
        first = answer if first is None else first
    if '--json' in job.arguments and r.random() < 0.2:
        for_people(lab, sandbox, job)
