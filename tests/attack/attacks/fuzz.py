"""Random jobs against NumPy and exact arithmetic: right answers, and the same bits over every split."""
import commands
import promises

KIND = 'random jobs against NumPy, over random splits'


def attempt(lab, sandbox, job, options):
    """One run: its answer, or None."""
    before = sandbox.entries()
    arguments = job.arguments + options
    ended = sandbox.run(arguments)
    lab.count(KIND, refused=ended.code != 0)
    for what in promises.broken(ended, before, sandbox.entries(), job.outputs):
        lab.violation(KIND, what, arguments)
        return None
    if ended.code != 0:
        if not job.refusal(ended):
            lab.violation(KIND, f'a job that can be done was refused: {ended}', arguments)
        return None
    try:
        answer = job.answer(sandbox, ended)
        wrong = job.complaint(answer)
    except (KeyError, ValueError, TypeError, IndexError) as e:
        wrong = f'the answer cannot be read: {e!r}, stdout {ended.out[-300:]!r}'
        answer = None
    if wrong:
        lab.violation(KIND, wrong, arguments)
        return None
    return answer


def round_(lab, r, sandbox, large=False):
    make = commands.LARGE[r.integers(0, len(commands.LARGE))] if large else commands.SMALL[r.integers(0, len(commands.SMALL))]
    job = make(r, sandbox)
    first = None
    for k in range(4):
        answer = attempt(lab, sandbox, job, job.split(r) if k else [])
        if answer is None:
            if k == 0:
                return  # said once
            continue
        if first is not None and answer != first:
            lab.violation(KIND, 'another answer than without the options of this split', job.arguments)
        first = answer if first is None else first
