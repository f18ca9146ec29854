"""The tests of a build, case by case: what there is, what each case reaches, and which of them fail."""
import ast
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

MOST = 1 << 16  # as in planted_fault.hpp


class Test:
    """A program or a script with several cases."""

    def __init__(self, name, command, cases, kind, environment):
        self.name, self.command, self.cases, self.kind, self.environment = name, command, cases, kind, environment

    def run_command(self, cases):
        if self.kind == 'gtest':
            return [*self.command, '--gtest_filter=' + ':'.join(cases), '--gtest_fail_fast', '--gtest_color=no']
        if self.kind == 'unittest':
            return [*self.command, '-f', *cases]
        if self.kind == 'names':
            return [*self.command, *cases]
        return self.command

    def failed_case(self, cases, output):
        """Which case was running when it went wrong."""
        if self.kind == 'gtest':
            failed = re.findall(r'^\[  FAILED  \] ([^\s,]+)', output, re.M)
            begun = re.findall(r'^\[ RUN      \] (\S+)', output, re.M)
            return (failed or begun or cases)[0 if failed else -1]
        if self.kind == 'unittest':
            failed = re.findall(r'^(?:FAIL|ERROR): (\w+) \(__main__\.(\w+)', output, re.M)
            begun = re.findall(r'^(\w+) \(__main__\.(\w+)', output, re.M)
            found = (failed or begun)
            return f'{found[0 if failed else -1][1]}.{found[0 if failed else -1][0]}' if found else cases[0]
        return cases[0]


def cases_of_script(path):
    tree = ast.parse(pathlib.Path(path).read_text())
    return [f'{c.name}.{f.name}' for c in tree.body if isinstance(c, ast.ClassDef)
            for f in c.body if isinstance(f, ast.FunctionDef) and f.name.startswith('test')]


def cases_of_program(command):
    try:
        listed = subprocess.run([*command, '--gtest_list_tests'], capture_output=True, text=True, timeout=60)
    except OSError:  # it is being built
        return []
    cases, suite = [], ''
    for line in listed.stdout.splitlines():
        name = line.split('#')[0].rstrip()
        if name.startswith(' '):
            if not name.strip().startswith('DISABLED_'):
                cases.append(suite + name.strip())
        else:
            suite = name
    return cases


def all_tests(build, left_out):
    listed = json.loads(subprocess.run(['ctest', '--show-only=json-v1'], cwd=build, check=True,
                                       capture_output=True, text=True).stdout)
    tests = []
    for entry in listed['tests']:
        command, name = entry.get('command', []), entry['name']
        environment = dict(pair.split('=', 1) for p in entry.get('properties', []) if p['name'] == 'ENVIRONMENT'
                           for pair in p['value'] if not pair.startswith('PRORATA_SIMULATED_KERNELS'))
        if name in left_out or not command or not all(os.path.exists(part) for part in command if part.startswith('/')):
            continue
        if name == 'cli_pretended':  # its cases take the names of methods
            names = [c.split('.')[1] for c in cases_of_script(command[1]) if c.startswith('Gpu.')]
            tests.append(Test(name, command, names, 'names', environment))
        elif name.startswith('cli'):
            tests.append(Test(name, command, cases_of_script(command[1]), 'unittest', environment))
        elif command[0].endswith('_test') and len(command) == 1:
            tests.append(Test(name, command, cases_of_program(command), 'gtest', environment))
        else:
            tests.append(Test(name, command, [name], 'whole', environment))
    return tests


def run(test, cases, seconds, environment):
    """Runs some cases of a test: (how it ended, seconds it took, output); ended is passed, failed or hung."""
    env = {k: v for k, v in os.environ.items() if not k.startswith('PRORATA_')} | test.environment | environment
    begun = time.monotonic()
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory(
            prefix='mutation-', dir=test.environment.get('TMPDIR')) as folder:
        os.chmod(folder, 0o755)  # some cases are another user's
        env['TMPDIR'] = folder
        try:
            child = subprocess.Popen(test.run_command(cases), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     env=env, cwd=folder, start_new_session=True)
        except OSError as error:  # it is being built
            return 'failed', 0, str(error)
        try:
            ended = 'passed' if child.wait(timeout=seconds) == 0 else 'failed'
        except subprocess.TimeoutExpired:
            ended = 'hung'
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        log.seek(0)
        return ended, time.monotonic() - begun, log.read().decode(errors='replace')


def measure(test, case, folder, longest):
    """What one case reaches where no fault is switched on: {passed, ended, seconds, reached}."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.truncate(MOST)
        ended, seconds, output = run(test, [case], longest, {'PRORATA_REACHED': file.name})
        with open(file.name, 'rb') as reread:
            reached = [k for k, byte in enumerate(reread.read()) if byte]
    return {'passed': ended == 'passed', 'ended': ended, 'seconds': round(seconds, 3), 'reached': reached,
            'output': '' if ended == 'passed' else output[-2000:]}
