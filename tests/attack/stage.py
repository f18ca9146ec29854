"""A job that goes well when nobody disturbs it, set up again for every disturbed run and judged after it."""
import os
import signal

import promises

OLD = b'what stood here before\n'


def left_behind(entries):
    return [name for name in entries if promises.TEMPORARY.match(name)]


class Stage:
    """Runs the job once in peace. `ready` says whether it went well: only then is it worth disturbing."""

    def __init__(self, lab, r, sandbox, job, options=()):
        self.lab, self.sandbox, self.job = lab, sandbox, job
        self.arguments = [*job.arguments, *options]
        self.calm = None  # the environment of a run that nobody disturbs, on a file system as the disturbed ones have
        ended = sandbox.run(self.arguments)
        self.ready = ended.code == 0 and ended.signal == 0
        if not self.ready:
            return
        self.answer = job.answer(sandbox, ended)
        self.whole = {name: sandbox.entries()[name].content for name in job.outputs}
        for name in job.outputs:
            os.unlink(sandbox.path(name))
        self.old = [name for name in job.outputs if r.random() < 0.5] if r.random() < 0.7 else []
        self.old_mode = int(r.choice([0o644, 0o600]))
        self.inputs = set(sandbox.entries())
        self.reset()

    def reset(self):
        """The folder as it was: inputs, and what stands where outputs will."""
        for name in set(os.listdir(self.sandbox.folder)) - self.inputs:
            os.unlink(self.sandbox.path(name))
        for name in self.old:
            with open(self.sandbox.path(name), 'wb') as file:
                file.write(OLD)
            os.chmod(self.sandbox.path(name), self.old_mode)
        self.before = self.sandbox.entries()

    def run(self, kind, environment=None, sent=0, also='', may_leave=False, **how):
        """One disturbed run. Returns how it ended."""
        ended = self.sandbox.run(self.arguments, environment, **how)
        self.judge(kind, ended, sent, also, may_leave=may_leave)
        return ended

    def judge(self, kind, ended, sent=0, also='', stderr_closed=False, stdout_seen=True, may_leave=False):
        self.lab.count(kind, refused=ended.code != 0 or ended.signal != 0)
        after = self.sandbox.entries()
        wrong = promises.broken(ended, self.before, after, self.job.outputs, sent, stderr_closed, may_leave)
        if not wrong and (ended.signal or promises.published_although(ended)):
            wrong = self.torn(after, ended.signal in (0, signal.SIGKILL))
        if not wrong and ended.code == 0 and not ended.signal:
            wrong = self.different(ended, after, stdout_seen)
        if not wrong and left_behind(after):
            wrong = self.next_run()
        for what in wrong:
            self.lab.violation(kind, what, self.arguments, also)
        if promises.changes(self.before, after):
            self.reset()

    def states(self, entries):
        """What each output is: old, new, or something that it must never be."""
        found = {}
        for name in self.job.outputs:
            content = entries[name].content if name in entries else None
            before = OLD if name in self.old else None
            found[name] = 'new' if content == self.whole[name] else 'old' if content == before else 'damaged'
        return found

    def torn(self, after, may_be_finished):
        """All outputs are old or all are new, if need be once prorata has read one of them."""
        found = self.states(after)
        if may_be_finished and set(found.values()) == {'old', 'new'}:
            self.sandbox.run(['stats', sorted(found)[len(after) % len(found)]])
            found = self.states(self.sandbox.entries())
        damaged = [name for name in found if found[name] == 'damaged']
        if damaged:
            return [f'{damaged[0]} is neither what it was nor what it should be']
        if len(set(found.values())) > 1:
            return [f'some outputs are new and some are old: {found}']
        return []

    def next_run(self):
        """What SIGKILL left is gone after the next run."""
        ended = self.sandbox.run(self.arguments, self.calm)
        after = self.sandbox.entries()
        left = left_behind(after)
        if ended.code != 0 or set(self.states(after).values()) - {'new'}:
            return [f'the next run does not end well: {ended}']
        return [f'after the next run {left} are still there'] if left else []

    def different(self, ended, after, stdout_seen):
        """What ended well has the right answer; replaced files keep their permissions."""
        wrong = [f'exit code 0, but {name} is not what it should be' for name in self.job.outputs
                 if after[name].content != self.whole[name]]
        wrong += [f'{name} has permissions {after[name].mode & 0o777:o} instead of {self.old_mode:o}' for name in self.old
                  if name in after and after[name].mode & 0o777 != self.old_mode]
        if wrong or self.job.outputs or not stdout_seen:
            return wrong
        try:
            answer = self.job.answer(self.sandbox, ended)
        except (KeyError, ValueError, TypeError) as e:
            return [f'exit code 0, and the answer cannot be read: {e!r}']
        return [] if answer == self.answer else [f'exit code 0 and another answer: {answer!r:.200}']


def some_stage(lab, r, sandbox, makers, options=()):
    """A stage with a job of one of the makers; None where the job is refused."""
    job = makers[r.integers(0, len(makers))](r, sandbox)
    stage = Stage(lab, r, sandbox, job, options)
    return stage if stage.ready else None
