"""The list of planted faults, and how each is put into a copy of the sources, to be switched on while the program runs.

A fault names its file, the code that it changes and what it makes of it:

    [[fault]]
    name = 'maximum-of-negatives'
    file = 'include/prorata/extrema.hpp'
    code = 'key_of_bits(«greatest < 0 ? least : greatest»)'
    fault = 'greatest'

«…» marks what is replaced; without marks it is all of `code`, which stands once in the file. An expression becomes
`(PLANTED(n) ? (fault) : (code))`; what ends in ; or } is a statement, and becomes `if (PLANTED(n)) { fault } else { code }`.
Where neither will do, `raw` is the text that takes its place, with PLANTED for the question. Two faults may change the
same code. Further keys:

    equivalent = 'why no test can notice it'       it is planted, and must survive
    survives = 'why no test notices it'            it counts against the score
    not_by = ['expression_agreement']              tests whose verdict would be unfair: they see one side of shared code only
"""
import pathlib
import sys
import tomllib
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEYS = {'name', 'file', 'code', 'fault', 'raw', 'equivalent', 'survives', 'not_by'}
# Headers whose text is also compiled without planted_fault.hpp.
FALLBACK = '#ifndef PLANTED\n#define PLANTED(number) false\n#endif\n'


class Fault:
    def __init__(self, entry, where):
        self.where = where
        unknown = set(entry) - KEYS
        if unknown or not {'name', 'file', 'code'} <= set(entry) or ('fault' in entry) == ('raw' in entry):
            raise SystemExit(f'{where}: {entry.get("name", "?")}: name, file, code and either fault or raw are needed; '
                             f'unknown: {sorted(unknown)}')
        self.name, self.file, self.code = entry['name'], entry['file'], entry['code'].strip('\n')
        self.fault, self.raw = entry.get('fault'), entry.get('raw')
        self.equivalent, self.survives = entry.get('equivalent'), entry.get('survives')
        self.not_by = entry.get('not_by', [])
        if self.fault and not set(self.fault) - set('<>=!+-*/%&|^~'):
            raise SystemExit(f'{where}: {self.name}: «…» must mark the whole expression, not its operator alone')
        self.number = zlib.crc32(self.name.encode()) & 0xffff

    def place(self, text):
        """Where in the text of its file the marked code stands."""
        before, mark, rest = self.code.partition('«')
        marked, _, after = rest.partition('»') if mark else (self.code, '', '')
        before = before if mark else ''
        whole = before + marked + after
        if text.count(whole) != 1:
            raise SystemExit(f'{self.where}: {self.name}: its code stands {text.count(whole)} times in {self.file}, '
                             f'not once; bring the fault up to date:\n{whole}')
        begin = text.index(whole) + len(before)
        return begin, begin + len(marked)

    def planted(self, code):
        asked = f'PLANTED({self.number}u)'
        if self.raw is not None:
            return self.raw.strip('\n').replace('PLANTED', asked)
        if code.rstrip().endswith(';') or (code.rstrip().endswith('}') and self.fault[-1:] in ('', ';', '}')):
            return f'if ({asked}) {{ {self.fault} }} else {{ {code} }}'
        if not self.fault.strip():
            raise SystemExit(f'{self.where}: {self.name}: an expression is replaced by another, not by nothing')
        return f'({asked} ? ({self.fault}) : ({code}))'

    def original(self):
        return self.code.partition('«')[2].partition('»')[0] or self.code

    def key(self):
        """Changes when the fault does: kept results are of this very fault."""
        return f'{self.name} {zlib.crc32(repr((self.file, self.code, self.fault, self.raw)).encode()):08x}'


def read_all():
    faults = []
    for path in sorted((HERE / 'faults').glob('*.toml')):
        with path.open('rb') as file:
            faults += [Fault(entry, path.relative_to(ROOT)) for entry in tomllib.load(file)['fault']]
    numbers = {}
    for fault in faults:
        other = numbers.setdefault(fault.number, fault)
        if other is not fault:
            raise SystemExit(f'{fault.where}: {fault.name} has the same name or number as {other.name}; rename it')
    return faults


def plant_file(text, faults):
    """The text of one file with all its faults."""
    places = {}
    for fault in faults:
        places.setdefault(fault.place(text), []).append(fault)
    last = len(text) + 1
    for (begin, end), alike in sorted(places.items(), reverse=True):
        if end > last:
            raise SystemExit(f'{alike[0].where}: {alike[0].name}: its code overlaps that of another fault')
        last = begin
        code = text[begin:end]
        if sum(fault.raw is not None for fault in alike) > 1:
            raise SystemExit(f'{alike[0].where}: {alike[0].name}: two raw faults of one code: only one of them would be there')
        for fault in sorted(alike, key=lambda fault: fault.raw is None):  # raw text takes the place of all that stood there
            code = fault.planted(code)
        text = text[:begin] + code + text[end:]
    return text


def plant(sources, faults, root=ROOT):
    """Writes the tree's tracked files to `sources`, with all faults; what has not changed keeps its time."""
    import subprocess
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=root,
                           check=True, capture_output=True).stdout.decode().split('\0')
    by_file = {}
    for fault in faults:
        by_file.setdefault(fault.file, []).append(fault)
    missing = set(by_file) - set(names)
    if missing:
        raise SystemExit(f'no such files: {sorted(missing)}')
    for name in filter(None, names):
        source, target = root / name, sources / name
        if not source.is_file():
            continue
        content = source.read_bytes()
        if name in by_file:
            content = plant_file(content.decode(), by_file[name]).encode()
            if name.endswith('.hpp'):
                content = content.replace(b'#pragma once\n', b'#pragma once\n' + FALLBACK.encode(), 1)
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(source.stat().st_mode)
    for old in [p for p in sources.rglob('*') if p.is_file() and str(p.relative_to(sources)) not in names]:
        old.unlink()


def check(faults, root=ROOT):
    """That every fault still finds its code; says all that do not."""
    wrong = []
    for name in sorted({fault.file for fault in faults}):
        mine = [fault for fault in faults if fault.file == name]
        text = (root / name).read_text() if (root / name).is_file() else ''
        for fault in mine:
            try:
                fault.place(text)
            except SystemExit as error:
                wrong.append(str(error))
        if not wrong:
            plant_file(text, mine)
    if wrong:
        raise SystemExit('\n\n'.join(wrong))


if __name__ == '__main__':
    check(read_all())
    print(f'{len(read_all())} faults find their code')
    sys.exit(0)
