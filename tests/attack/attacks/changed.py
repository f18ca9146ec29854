"""An input changes at an exact moment: the job is stopped at a system call, the file is changed, the job goes on.

The answer is that of the file as it was, that of the file as it is, or none: exit code 3. Times that are set back do
not hide a change.
"""
import os
import signal
import tempfile
import time

import commands
import preload
import promises
import splits
from attacks.system_calls import calls_of
from stage import some_stage

KIND = 'an input changes while it is read'


def stopped(child):
    """Waits until the job has stopped, or ended: whether it has stopped."""
    for _ in range(20000):
        try:
            with open(f'/proc/{child.pid}/stat') as file:
                state = file.read().rpartition(')')[2].split()[0]
        except OSError:
            return False
        if state in 'TZ':
            return state == 'T'
        time.sleep(0.0005)
    return False


def rewrite(r, path):
    """Another byte of data in place, and the times as they were."""
    about = os.stat(path)
    with open(path, 'r+b') as file:
        at = int(r.integers(min(128, about.st_size - 1), about.st_size))
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ int(r.integers(1, 256))]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def shorten(r, path):
    os.truncate(path, int(r.integers(0, os.path.getsize(path))))


def lengthen(r, path):
    with open(path, 'ab') as file:
        file.write(bytes(int(r.integers(1, 5000))))


def replace(r, path):
    """Another file under the same name: whoever reads the old one goes on reading it."""
    with open(path, 'rb') as file:
        content = file.read()
    with open(path + '.new', 'wb') as file:
        file.write(content[:-1] + bytes([content[-1] ^ 1]))
    os.rename(path + '.new', path)


TICK = 0.02  # seconds: what is written within one tick of the kernel's clock as the job begins has the same times
CHANGES = [rewrite, rewrite, rewrite, shorten, lengthen, replace]


def round_(lab, r, sandbox):
    makers = commands.READING_FILES + commands.WRITING_FROM_FILES
    options = splits.team(r) if r.random() < 0.5 else []
    with preload.Log(sandbox) as log:
        stage = some_stage(lab, r, sandbox, makers, options)
        if stage is None:
            return
        names = calls_of(stage, log, preload.system_calls(log))
        inputs = [str(w) for w in stage.arguments if str(w) in stage.inputs and len(stage.before[str(w)].content) > 1]
        if not inputs:
            return
        for number in r.permutation(len(names))[:8]:
            name = inputs[r.integers(0, len(inputs))]
            change = CHANGES[r.integers(0, len(CHANGES))]
            attempt(lab, r, stage, log, int(number), names[number], name, change)


def attempt(lab, r, stage, log, number, call, name, change):
    sandbox, content = stage.sandbox, stage.before[name].content
    time.sleep(TICK)
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:  # which never keeps a job waiting, as a pipe would
        child = sandbox.start(stage.arguments, preload.system_calls(log, f'{number},before:{int(signal.SIGSTOP)}'), stdout=out)
        if stopped(child):
            change(r, sandbox.path(name))
            child.send_signal(signal.SIGCONT)
        elif child.poll() is None:
            child.kill()
            child.communicate()
            return stage.reset()
        before = stage.before | {name: sandbox.entry(name)}
        ended = sandbox.finish(child, stage.arguments, began)
        out.seek(0)
        ended.out = out.read().decode(errors='replace')
    log.lines()
    lab.count(KIND, refused=ended.code != 0)
    for what in judge(stage, ended, before):
        lab.violation(KIND, what, stage.arguments, f'[{change.__name__} {name} before {call}, call {number}]')
    with open(sandbox.path(name), 'wb') as file:
        file.write(content)
    stage.reset()


def judge(stage, ended, before):
    sandbox = stage.sandbox
    wrong = promises.broken(ended, before, sandbox.entries(), stage.job.outputs if ended.code == 0 else ())
    if wrong or ended.code == 3:
        return wrong
    answer = stage.job.answer(sandbox, ended) if ended.code == 0 else None
    if answer == stage.answer:
        return []
    again = sandbox.run(stage.arguments)
    if again.code != ended.code:
        return [f'{ended}: a changed input is exit code 3']
    if again.code != 0 or stage.job.answer(sandbox, again) == answer:
        return []
    return ['exit code 0, and an answer neither of the file as it was nor as it is']
