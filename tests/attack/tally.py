"""What was tried, by kind, and which promises did not hold."""
import collections
import shlex


class Tally:
    """Counts runs and violations; prints each violation at once, with what repeats it."""

    def __init__(self, seed):
        self.seed = seed
        self.tried = collections.Counter()
        self.refused = collections.Counter()
        self.violations = collections.defaultdict(list)
        self.attack, self.round = '', 0
        self.quiet = False

    def count(self, kind, refused=False):
        self.tried[kind] += 1
        self.refused[kind] += refused

    def violation(self, kind, what, arguments=(), also=''):
        where = f'--only {self.attack} --seed {self.seed} --round {self.round}'
        text = f'{where}: {also}{" " if also else ""}prorata {shlex.join(map(str, arguments))}: {what}'
        self.violations[kind].append(text)
        if len(self.violations[kind]) <= 40 and not self.quiet:
            print('VIOLATION', text, flush=True)

    def total(self):
        return sum(self.tried.values())

    def broken(self):
        return sum(map(len, self.violations.values()))

    def table(self):
        """README's table: faults by kind, how many runs, how many violations."""
        rows = [('| faults | runs | refused or failed in good order | violations |'), '|---|---|---|---|']
        for kind in self.tried:
            rows.append(f'| {kind} | {self.tried[kind]:,} | {self.refused[kind]:,} | {len(self.violations[kind])} |')
        rows.append(f'| all | {self.total():,} | {sum(self.refused.values()):,} | {self.broken()} |')
        return '\n'.join(rows)
