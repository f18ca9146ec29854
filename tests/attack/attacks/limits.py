"""Jobs under limits of the operating system: file size, memory, open files, stack."""
import os
import resource

import commands
import splits
from stage import some_stage

KIND = 'limits of file size, memory, open files, stack'
LIMITS = {
    'FSIZE': [0, 1, 100, 127, 128, 129, 1000, 4096, 20000, 100000],
    'AS': [2**k * 2**20 for k in range(4, 11)] + [20 * 2**20, 24 * 2**20, 28 * 2**20, 40 * 2**20, 48 * 2**20, 80 * 2**20, 100 * 2**20],
    'DATA': [2**20, 2**21, 2**22, 2**23, 2**24, 2**26],
    'NOFILE': list(range(3, 16)) + [20, 30],
    'STACK': [2**17, 2**18, 2**19, 2**20, 2**25],
}


def round_(lab, r, sandbox):
    makers = commands.WRITING if r.random() < 0.7 else commands.READING
    stage = some_stage(lab, r, sandbox, makers)
    if stage is None:
        return
    if stage.job.split(r) and r.random() < 0.3:
        stage.arguments += splits.team(r)
        stage.ready = stage.sandbox.run(stage.arguments).code == 0
        stage.reset()
    if not stage.ready:
        return
    for _ in range(15):
        name = list(LIMITS)[r.integers(0, len(LIMITS))]
        value = int(LIMITS[name][r.integers(0, len(LIMITS[name]))])
        if name == 'AS' and value < os.path.getsize(sandbox.prorata):
            continue  # the kernel kills a program that it has no room for, with a signal
        which = getattr(resource, 'RLIMIT_' + name)
        try:
            ended = sandbox.run(stage.arguments, preexec_fn=lambda: resource.setrlimit(which, (value, value)))
        except OSError:
            continue  # not even started
        if ended.code == 127 and 'shared librar' in ended.err:
            continue  # the loader gave up
        stage.judge(KIND, ended, also=f'[{name} {value}]')
