"""Outputs that are inputs, or each other, under another name: nothing that is read or written is lost."""
import os

import commands
import promises
from stage import Stage

KIND = 'outputs that are inputs, or each other'


def alias(r, sandbox, name):
    """Another name of a file."""
    kind = r.integers(0, 6)
    if kind == 0:
        return name
    if kind == 1:
        return './' + name
    if kind == 2:
        return sandbox.path(name)
    if kind == 3:
        return f'../{os.path.basename(sandbox.folder)}/{name}'
    fresh = f'alias{r.integers(0, 10**6)}'
    if os.path.exists(sandbox.path(name)) and kind == 4:
        os.link(sandbox.path(name), sandbox.path(fresh))
    else:
        os.symlink(name, sandbox.path(fresh))
    return fresh


def round_(lab, r, sandbox):
    job = commands.WRITING_FROM_FILES[r.integers(0, len(commands.WRITING_FROM_FILES))](r, sandbox)
    words = list(map(str, job.arguments))
    if job.split(r) and job.count is not None and r.random() < 0.7:
        words += [('--trace', '--report')[r.integers(0, 2)], 't']
    stage = Stage(lab, r, sandbox, job)
    if not stage.ready:
        return
    inputs = sorted(stage.inputs)
    grouped = words[0] == 'groupby'  # its -o is the beginning of names
    names = ('t',) if grouped else ('o', 'h', 'p.svg', 't', 'counts', 'index', 'inverse')
    for _ in range(8):
        places = [k for k in range(1, len(words)) if words[k] in names and words[k - 1][0] == '-']
        if not places:
            return
        at = places[r.integers(0, len(places))]
        others = inputs + (list(job.outputs) if grouped else [words[k] for k in places if k != at])
        target = others[r.integers(0, len(others))]
        changed = words[:at] + [alias(r, sandbox, target)] + words[at + 1:]
        before = sandbox.entries()
        ended = sandbox.run(changed)
        lab.count(KIND, refused=ended.code != 0)
        after = sandbox.entries()
        new = promises.changes(before, after)
        written = [name for name in new if name not in inputs]
        for what in promises.broken(ended, before, after, written if ended.code == 0 else ()):
            lab.violation(KIND, what, changed)
        if ended.code == 0 and changed[at] == target or changed[at] in ('./' + target, sandbox.path(target)) and ended.code == 0:
            lab.violation(KIND, f'exit code 0, although {target} is named twice', changed)
        for name in set(os.listdir(sandbox.folder)) - set(inputs):
            os.unlink(sandbox.path(name))
        if any(name in inputs for name in new):
            return
        stage.reset()
