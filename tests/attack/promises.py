"""What the command promises however a run goes: every run is measured against this one list.

    the exit code is 0, 2, 3, 4, 5 or 6; it dies of no signal but one that was sent
    where it is not 0, standard error is exactly one line that begins with "prorata: "; where it is 0, nothing is there
    but notes, such lines too
    where it is not 0, nothing was published and nothing that was there has changed, with two exceptions that the line
    names: a disk that fails while outputs get their names, and the end of an answer that cannot be printed
    where it is 0, nothing but the outputs has changed, and all of them are there
    no temporary file stays behind, except after SIGKILL: the next run removes it, or finishes what it belongs to
    several outputs are all old or all new; after SIGKILL, and where the disk failed, once prorata has read one of them
"""
import re

CODES = (0, 2, 3, 4, 5, 6)
NAMED = ('cannot fsync the directory of', 'others of the outputs are there already', 'standard output: cannot')
TEMPORARY = re.compile(r'^\..+\.prorata-[a-z0-9]+$')


def line_complaint(ended, closed=False):
    """What is wrong with standard error; where it was closed, nothing can be there."""
    if closed:
        return []
    lines = ended.err.splitlines(keepends=True)
    if ended.code == 0:
        notes = all(line.startswith('prorata: ') and line.endswith('\n') for line in lines)
        return [] if notes else [f'exit code 0 and {ended.err!r} on standard error']
    one = len(lines) == 1 and lines[0].startswith('prorata: ') and lines[0].endswith('\n')
    unprintable = [c for c in ended.err.rstrip('\n') if ord(c) < 32 or 127 <= ord(c) < 160]
    if one and not unprintable:
        return []
    return [f'exit code {ended.code} and standard error is not one line: {ended.err[-500:]!r}']


def published_although(ended):
    """Whether a run failed when its outputs had their names, or some of them, and says so."""
    return not ended.signal and ended.code in (4, 5) and any(words in ended.err for words in NAMED)


def changes(before, after):
    """Names that are new, gone, or no longer what they were."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def broken(ended, before, after, outputs=(), sent=0, stderr_closed=False, may_leave=False):
    """Sentences about promises that a run broke: `sent` is the signal that it was sent; `may_leave`: nothing can be removed."""
    found = []
    if ended.signal and ended.signal != sent:
        found.append(f'died of signal {ended.signal}, stderr {ended.err[-300:]!r}')
    if not ended.signal and ended.code not in CODES:
        found.append(f'{ended}: not an exit code of prorata')
    if not ended.signal:
        found += line_complaint(ended, stderr_closed)
    changed = changes(before, after)
    left = [name for name in changed if TEMPORARY.match(name)]
    late = bool(outputs) and published_although(ended)
    if left and sent != 9 and not late and not may_leave:
        found.append(f'{ended}: left behind {left}')
    changed = [name for name in changed if name not in left]
    if ended.signal or late:
        allowed = set(outputs)  # whole or not at all: whoever sent the signal compares them
    elif ended.code == 0:
        allowed = set(outputs)
        missing = [name for name in outputs if name not in after]
        if missing:
            found.append(f'exit code 0, but {missing} not written')
    else:
        allowed = set()
    surprising = [name for name in changed if name not in allowed]
    if surprising:
        found.append(f'{ended}: changed {surprising}')
    return found
