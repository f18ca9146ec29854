"""The Nth allocation fails, or that and all after it: a right answer, or exit code 5 and one line."""
import commands
import preload
import splits
from stage import some_stage

KIND = 'an allocation fails'


def round_(lab, r, sandbox):
    makers = commands.WRITING + commands.READING
    with preload.Log(sandbox) as log:
        stage = some_stage(lab, r, sandbox, makers)
        if stage is None:
            return
        if stage.job.split(r) and r.random() < 0.5:
            stage.arguments += ['--threads', str(r.integers(1, 5))]
        least = int(r.choice([0, 0, 0, 1024, 65536]))
        log.lines()
        ended = stage.sandbox.run(stage.arguments, preload.allocations(log, least=least))
        stage.reset()
        told = log.lines()
        if ended.code != 0 or not told:
            return
        total = int(told[-1])
        for number in r.permutation(total)[:40]:
            which = f'{number}+' if r.random() < 0.3 else f'{number}'
            also = f'[allocation {which} of {total}, of {least} bytes or more]'
            ended = stage.run(KIND, preload.allocations(log, which, least), also=also)
            failed = 'failed' in log.lines()
            if failed and ended.code not in (0, 5) and not ended.signal:
                lab.violation(KIND, f'{ended}: short memory is exit code 5', stage.arguments, also)
