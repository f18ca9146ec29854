"""A folder in which the command runs, and what is in it before and after."""
import dataclasses
import os
import shutil
import signal
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Ended:
    """How a run ended: an exit code, or the number of the signal that ended it."""
    arguments: list
    code: int
    signal: int
    out: str
    err: str
    seconds: float

    def __str__(self):
        how = f'signal {self.signal}' if self.signal else f'exit code {self.code}'
        return f'{how}, stderr {self.err[-300:]!r}'


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file as it stands there: written anew, it has another inode or another time."""
    inode: int
    changed: int
    mode: int
    content: bytes


def fast_folder():
    """Where temporary folders are quick: thousands are made, and files are synced in them."""
    roomy = '/dev/shm'
    if os.access(roomy, os.W_OK) and shutil.disk_usage(roomy).free > 1 << 30:
        return roomy
    return tempfile.gettempdir()


class Sandbox:
    def __init__(self, prorata):
        self.prorata = os.path.abspath(prorata)
        self.folder = tempfile.mkdtemp(prefix='prorata-attack-', dir=fast_folder())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def entries(self):
        return {name: self.entry(name) for name in os.listdir(self.folder)}

    def entry(self, name):
        about = os.lstat(self.path(name))
        content = b''
        if os.path.isfile(self.path(name)):
            with open(self.path(name), 'rb') as file:
                content = file.read()
        return Entry(about.st_ino, about.st_mtime_ns, about.st_mode, content)

    def start(self, arguments, environment=None, **how):
        """The running command: standard output and error are pipes, unless told otherwise."""
        how = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **how}
        return subprocess.Popen([self.prorata, *map(str, arguments)], cwd=self.folder,
                                env={**os.environ, **(environment or {})}, **how)

    def run(self, arguments, environment=None, patience=120, **how):
        began = time.monotonic()
        child = self.start(arguments, environment, **how)
        return self.finish(child, arguments, began, patience)

    def finish(self, child, arguments, began, patience=120):
        try:
            out, err = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err = (err or b'') + b'\n(no end after %d s)\n' % patience
        status = child.returncode
        return Ended(list(arguments), max(status, 0), -min(status, 0), (out or b'').decode(errors='replace'),
                     (err or b'').decode(errors='replace'), time.monotonic() - began)


def name_of_signal(number):
    return signal.Signals(number).name
