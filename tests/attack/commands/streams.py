"""stream: records in windows, from CSV or newline-JSON."""
import json

from job import Job, files_of


def split(r):
    """It has threads and blocks, and no devices."""
    return [*(['--threads', str(r.integers(1, 5))] if r.random() < 0.5 else []),
            *(['--block', str(r.choice(['1', '7', '100', '4K', '64K']))] if r.random() < 0.5 else []),
            *(['--partition', f'hash:{r.integers(1, 9)}'] if r.random() < 0.3 else [])]


def order_of(key):
    """Whole numbers first, as numbers; then the others, byte by byte."""
    return (0, int(key), b'') if key.lstrip('-').isdigit() else (1, 0, key.encode())


def number(x):
    return f'{x:.12g}'


def stream(r, sandbox):
    n, step = int(r.choice([0, 1, 50, 3000])), int(r.integers(1, 9))
    size = step * int(r.choice([1, 1, 3]))
    disorder = int(r.choice([0, 5, 40]))
    keys = ['1', '-3', '12', 'b', 'a', 'ä', 'x,y'][:int(r.integers(1, 8))]
    records, time = [], -20
    for _ in range(n):
        time += int(r.integers(0, 4))
        records.append((time - int(r.integers(0, disorder + 1)), keys[r.integers(0, len(keys))], int(r.integers(-999, 999)) / 4))
    with_json = bool(r.random() < 0.4)
    with open(sandbox.path('events'), 'w', encoding='utf-8') as file:
        if not with_json:
            file.write('when,who,what\n')
        for t, k, v in records:
            file.write(json.dumps({'what': v, 'who': k, 'when': t}, ensure_ascii=bool(r.random() < 0.5)) + '\n' if with_json
                       else f'{t},"{k}",{number(v)}\n' if ',' in k or r.random() < 0.1 else f'{t},{k},{number(v)}\n')
    groups = {}
    for t, k, v in records:
        for start in range((t - size) // step * step + step, t + 1, step):
            if start <= t < start + size:
                groups.setdefault((start + size, start, k), []).append(v)
    lines = ['window_start,window_end,who,count,sum_what,min_what,max_what']
    for (end, start, k), values in sorted(groups.items(), key=lambda g: (*g[0][:2], order_of(g[0][2]))):
        shown = f'"{k}"' if ',' in k else k
        lines.append(f'{start},{end},{shown},{len(values)},{number(sum(values))},{number(min(values))},{number(max(values))}')
    expected = ('\n'.join(lines) + '\n').encode()

    def complaint(answer):
        return '' if answer['o'] == expected else f'stream: {answer["o"][:300]!r} …, not {expected[:300]!r} …'
    window = f'tumbling:{size}' if size == step else f'sliding:{size}:{step}'
    arguments = ['stream', 'events', '--time', 'when', '--by', 'who', '--window', window, '--agg', 'count,sum:what,min:what,max:what', '--lateness', str(disorder),
                 '-o', 'o', *(['--format', 'jsonl'] if with_json else [])]
    return Job(arguments, ('o',), files_of('o'), complaint, split)
