"""Standard input, output and error closed, full, or read by nobody."""
import os
import subprocess

import commands
from stage import some_stage

KIND = 'closed, full and broken standard streams'
STATES = ['pipe', 'closed', 'full', 'broken']


def reader_gone():
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


def opened(state):
    """What subprocess is told, and what has to be closed afterwards."""
    if state == 'full':
        file = os.open('/dev/full', os.O_WRONLY)
    elif state == 'broken':
        file = reader_gone()
    else:
        return subprocess.PIPE, None
    return file, file


def round_(lab, r, sandbox):
    stage = some_stage(lab, r, sandbox, commands.WRITING + commands.READING)
    if stage is None:
        return
    for _ in range(12):
        state = [['pipe', 'closed'][r.integers(0, 2)], STATES[r.integers(0, 4)], STATES[r.integers(0, 4)]]
        if r.random() < 0.4 and state[2] != 'pipe' and stage.job.split(r):
            stage.arguments = [*stage.job.arguments, '--progress', 'always']
        else:
            stage.arguments = list(stage.job.arguments)
        disturbed(lab, stage, state)


def disturbed(lab, stage, state):
    closed = [k for k in range(3) if state[k] == 'closed']
    out, out_file = opened(state[1])
    err, err_file = opened(state[2])

    def close():
        for k in closed:
            os.close(k)
    ended = stage.sandbox.run(stage.arguments, stdout=out, stderr=err, preexec_fn=close)
    for file in (out_file, err_file):
        if file is not None:
            os.close(file)
    also = f'[standard input {state[0]}, output {state[1]}, error {state[2]}]'
    seen = state[1] == 'pipe'
    sent = 13 if state[1] == 'broken' else 0
    stage.judge(KIND, ended, sent, also, stderr_closed=state[2] != 'pipe', stdout_seen=seen)
    if state[1] == 'broken' and state[2] == 'pipe' and ended.err:
        lab.violation(KIND, f'{ended}: a reader who leaves is no error', stage.arguments, also)
    elif state[1] == 'full' and ended.code not in (0, 5):
        lab.violation(KIND, f'{ended}: full standard output is exit code 5', stage.arguments, also)
    elif state[1] == 'full' and ended.code == 0 and not stage.job.outputs:
        lab.violation(KIND, 'exit code 0, although the answer went nowhere', stage.arguments, also)
