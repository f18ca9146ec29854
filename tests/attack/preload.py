"""The environment in which the preloaded libraries disturb a run, and what they have to say about it."""
import os

FOLDER = None  # where CMake put them; run.py knows


def library(name):
    return os.path.abspath(os.path.join(FOLDER, name + '.so'))


class Log:
    """A file beside the sandbox, not in it."""

    def __init__(self, sandbox):
        self.name = sandbox.folder + '.log'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines()

    def lines(self):
        """What was written since the last time."""
        if not os.path.exists(self.name):
            return []
        with open(self.name) as file:
            found = file.read().splitlines()
        os.unlink(self.name)
        return found


def system_calls(log, plan=None, only=None, unnamed=True):
    """`plan`: AT,WHAT of system_calls.cpp; `unnamed`: whether the file system has files without a name."""
    environment = {'LD_PRELOAD': library('system_calls'), 'PRORATA_FAULT_LOG': log.name}
    if plan:
        environment['PRORATA_FAULT'] = plan
    if only:
        environment['PRORATA_FAULT_ONLY'] = only
    if not unnamed:
        environment['PRORATA_FAULT_NO_TMPFILE'] = '1'
    return environment


def allocations(log, which=None, least=None):
    environment = {'LD_PRELOAD': library('allocations'), 'PRORATA_ALLOCATION_LOG': log.name}
    if which is not None:
        environment['PRORATA_ALLOCATION'] = str(which)
    if least:
        environment['PRORATA_ALLOCATION_BYTES'] = str(least)
    return environment
