"""Every system call of a job in turn fails, is short, or is where a signal arrives."""
import errno
import signal

import commands
import preload
import splits
from sandbox import name_of_signal
from stage import some_stage

FAILS = 'a system call fails'
SHORT = 'reads and writes are short and interrupted'
KILLED = 'SIGKILL at a system call'
ENDED = 'SIGTERM, SIGINT or SIGHUP at a system call'

USUAL = [errno.EIO, errno.ENOMEM, errno.EACCES]
LIKELY = {
    'open': [errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EIO, errno.EINTR],
    'openat': [errno.EMFILE, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EOPNOTSUPP],
    'read': [errno.EIO, errno.EINTR],
    'pread': [errno.EIO, errno.EINTR],
    'write': [errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EINTR],
    'pwrite': [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EINTR],
    'fsync': [errno.EIO, errno.ENOSPC, errno.EDQUOT],
    'fallocate': [errno.ENOSPC, errno.EOPNOTSUPP, errno.EINTR, errno.EIO],
    'ftruncate': [errno.EIO, errno.EINTR, errno.ENOSPC],
    'linkat': [errno.EEXIST, errno.EPERM, errno.ENOSPC, errno.EIO, errno.ENOENT],
    'renameat': [errno.EACCES, errno.EIO, errno.ENOSPC, errno.EBUSY],
    'close': [errno.EIO, errno.EINTR],
    'mmap': [errno.ENOMEM, errno.EAGAIN, errno.ENODEV],
    'munmap': [errno.ENOMEM],
    'madvise': [errno.EINVAL, errno.EAGAIN],
    'getrandom': [errno.EAGAIN, errno.ENOSYS],
    'pthread_create': [errno.EAGAIN],
    'fstat': [errno.EIO, errno.EOVERFLOW],
    'fchmod': [errno.EPERM, errno.EIO],
    'flock': [errno.EWOULDBLOCK, errno.ENOLCK, errno.EINTR],
}


def calls_of(stage, log, environment):
    """Names of the calls, in order, of one run that nobody disturbs."""
    log.lines()
    ended = stage.sandbox.run(stage.arguments, environment)
    stage.reset()
    return [line.split()[1] for line in log.lines()] if ended.code == 0 else []


def disturbance(r, name):
    """(kind, what, signal)"""
    chance = r.random()
    if chance < 0.5:
        likely = LIKELY.get(name, USUAL)
        number = int(likely[r.integers(0, len(likely))])
        unread = name == 'write' and number == errno.EPIPE  # the job ends as by SIGPIPE
        return FAILS, f'errno:{number}', signal.SIGPIPE if unread else 0
    when = 'before' if r.random() < 0.5 else 'after'
    if chance < 0.8:
        return KILLED, f'{when}:{int(signal.SIGKILL)}', signal.SIGKILL
    sent = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP][r.integers(0, 3)]
    return ENDED, f'{when}:{int(sent)}', sent


def described(what, name, number):
    kind, _, value = what.partition(':')
    value = errno.errorcode.get(int(value), value) if kind == 'errno' else name_of_signal(int(value)) if value else ''
    return f'[{kind} {value} at {name}, call {number}]'


def round_(lab, r, sandbox):
    makers = commands.WRITING if r.random() < 0.8 else commands.READING
    options = splits.team(r) if r.random() < 0.3 else ['--threads', '1']
    if makers is commands.READING or r.random() < 0.2:
        options = []
    with preload.Log(sandbox) as log:
        job_options = [] if makers is commands.READING else options
        stage = some_stage(lab, r, sandbox, makers, job_options)
        if stage is None:
            return
        unnamed = r.random() < 0.7
        stage.calm = preload.system_calls(log, unnamed=unnamed)
        names = calls_of(stage, log, stage.calm)
        if not names:
            lab.violation(FAILS, 'no system call was seen: the preloaded library does not reach it', stage.arguments)
        for number in r.permutation(len(names))[:60]:
            kind, what, sent = disturbance(r, names[number])
            plan = f'{number},{what}'
            stays = kind == FAILS and names[number].startswith('unlink')
            stage.run(kind, preload.system_calls(log, plan, unnamed=unnamed), sent, described(what, names[number], number), stays)
            log.lines()
        stage.run(SHORT, preload.system_calls(log, '0+,short', unnamed=unnamed), also='[short]')
        log.lines()
