"""Where the time of a check went: time_table.py SINCE BUILD...

SINCE is when the check began, in seconds of the epoch. For each build folder: how long its objects took to compile,
added up, and how long its tests took, with the slowest of both. Reads ninja's log and ctest's; what an earlier run
made is left out.
"""
import os
import re
import sys


def compiled(folder, since):
    """(seconds, object) of everything that ninja made after `since`."""
    log = os.path.join(folder, '.ninja_log')
    if not os.path.exists(log) or os.path.getmtime(log) < since:
        return []
    found = {}
    with open(log) as lines:
        for line in lines:
            fields = line.rstrip('\n').split('\t')
            if len(fields) < 4:
                continue
            begin, end, _, name = fields[:4]
            made = os.path.join(folder, name)
            if name.endswith('.o') and os.path.exists(made) and os.path.getmtime(made) >= since:
                found[name] = (int(end) - int(begin)) / 1000
    return sorted(((seconds, name) for name, seconds in found.items()), reverse=True)


def tested(folder, since):
    """(seconds, test) of ctest's last run, if it was after `since`."""
    log = os.path.join(folder, 'Testing', 'Temporary', 'LastTest.log')
    if not os.path.exists(log) or os.path.getmtime(log) < since:
        return []
    with open(log, errors='replace') as lines:
        text = lines.read()
    names = re.findall(r'^\d+/\d+ Testing: (.*)$', text, re.M)
    times = re.findall(r'^Test time = +([0-9.]+) sec$', text, re.M)
    return sorted(((float(t), name) for name, t in zip(names, times)), reverse=True)


def row(label, things):
    slowest = ', '.join(f'{os.path.basename(name).removesuffix(".o")} {seconds:.0f}' for seconds, name in things[:5])
    return f'    {label:9} {len(things):4}  {sum(seconds for seconds, _ in things):6.0f} s  slowest: {slowest}'


def main():
    since = float(sys.argv[1])
    for folder in sys.argv[2:]:
        objects, tests = compiled(folder, since), tested(folder, since)
        if not objects and not tests:
            continue
        print(f'  {os.path.basename(folder)}')
        if objects:
            print(row('compiled', objects))
        if tests:
            print(row('tested', tests))


if __name__ == '__main__':
    main()
