"""A signal at a random moment of a job."""
import signal
import time

import commands
import splits
from sandbox import name_of_signal
from stage import Stage

KIND = 'a signal at a random moment'
PATIENCE = 2  # seconds: promised is one, on a machine that does nothing else
SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def round_(lab, r, sandbox):
    large = r.random() < 0.15
    makers = commands.LARGE if large else commands.WRITING
    job = makers[r.integers(0, len(makers))](r, sandbox)
    options = job.split(r) if large else splits.team(r) if r.random() < 0.5 and job.split(r) else []
    stage = Stage(lab, r, sandbox, job, options)
    if not stage.ready:
        return
    began = time.monotonic()
    sandbox.run(stage.arguments)
    took = time.monotonic() - began
    stage.reset()
    for _ in range(8 if large else 25):
        number = SIGNALS[r.integers(0, len(SIGNALS))]
        moment = float(r.random()) * took * 1.1
        began = time.monotonic()
        child = sandbox.start(stage.arguments)
        time.sleep(moment)
        child.send_signal(number)
        sent = time.monotonic()
        ended = sandbox.finish(child, stage.arguments, began)
        also = f'[{name_of_signal(number)} after {moment * 1e3:.1f} ms]'
        stage.judge(KIND, ended, number, also)
        if ended.signal and time.monotonic() - sent > PATIENCE:
            lab.violation(KIND, f'ended {time.monotonic() - sent:.1f} s after the signal', stage.arguments, also)
