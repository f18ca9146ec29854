#!/usr/bin/env python3
"""prorata lookup and prorata join against NumPy and dictionaries.

usage: cli_lookup_test.py PRORATA [unittest arguments]
"""
import os

import numpy as np

from command_line import CODES, Case, answer, main, run, some

KEYS = [code for code in CODES if code[0] != 'f']
SPLITS = [['--threads', '1'], ['--threads', '5'], ['--memory', '16M', '--threads', '2']]


def keys_of(code, n, seed, different):
    """n keys of a type, of few different ones, with the ends of its range among them."""
    r = np.random.default_rng(seed)
    if code == 'b1':
        return r.integers(0, 2, n).astype('b1')
    info = np.iinfo(code)
    k = r.integers(max(info.min, -different // 2), min(info.max, different // 2), n, endpoint=True).astype(code)
    k[r.integers(0, n, n // 8)] = r.choice(np.array([info.min, info.max, 0, 1, info.max - 1, info.max // 2], code), n // 8)
    return k


def looked_up(keys, values, queries, missing):
    """What a dictionary says."""
    table = dict(zip(keys.ravel().tolist(), values.ravel()))
    out = np.array([table.get(q, missing) for q in queries.ravel().tolist()], values.dtype)
    found = np.array([q in table for q in queries.ravel().tolist()], bool)
    return out.reshape(queries.shape), found.reshape(queries.shape)


def joined(left, right, how):
    """Row numbers of both sides, −1 where there is none."""
    rows = {}
    for i, key in enumerate(right.ravel().tolist()):
        rows.setdefault(key, []).append(i)
    pairs = []
    for i, key in enumerate(left.ravel().tolist()):
        mine = rows.get(key, [])
        if how == 'semi' or how == 'anti':
            mine = [-1] if (how == 'semi') == bool(mine) else []
        elif how == 'left' and not mine:
            mine = [-1]
        pairs += [(i, j) for j in mine]
    return np.array(pairs, 'i8').reshape(-1, 2).T


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


class Lookup(Case):
    def check(self, keys, values, queries, *args, missing=0, **saved):
        k, v, q = (self.save(f'{name}.npy', x) for name, x in (('k', keys), ('v', values), ('q', queries)))
        out, flags = self.path('out.npy'), self.path('f.npy')
        found = answer('lookup', '--keys', k, '--values', v, '--queries', q, '-o', out, '--found', flags, *args)
        expected, there = looked_up(keys, values.astype(values.dtype.newbyteorder('=')), queries, missing)
        self.assertTrue(same(np.load(out), expected), (keys.dtype, values.dtype, queries.dtype, args))
        self.assertTrue(same(np.load(flags), there), (keys.dtype, values.dtype, queries.dtype, args))
        self.assertEqual((found['n'], found['keys'], found['missing']), (queries.size, keys.size, int((~there).sum())))
        return found

    def test_every_pair_of_key_types(self):
        for a in KEYS:
            for b in KEYS:
                self.check(keys_of(a, 300, 1, 200), some('i4', 300, 2), keys_of(b, 500, 3, 300))

    def test_every_type_of_values(self):
        keys, queries = keys_of('u4', 2000, 1, 3000), keys_of('i8', 3001, 2, 5000)
        for code in CODES:
            values = some(code, 2000, 3)
            self.check(keys, values, queries, missing=np.nan if code[0] == 'f' else 0)
            self.check(keys, values, queries, '--missing', '1', missing=1)
        self.check(keys, some('f4', 2000, 3), queries, '--missing=-2.5', missing=-2.5)
        self.check(keys, some('i8', 2000, 3), queries, '--missing', -2**63, missing=-2**63)
        self.check(keys, some('u8', 2000, 3), queries, '--missing', 2**64 - 1, missing=2**64 - 1)

    def test_both_byte_orders_shapes_and_fortran_order(self):
        keys = keys_of('i8', 1200, 1, 900)
        values = some('f8', 1200, 2)
        queries = keys_of('i4', 1540, 3, 900)
        self.check(keys.astype('>i8'), values.astype('>f8'), queries.astype('>i4'), missing=np.nan)
        self.check(keys.reshape(30, 40), np.asfortranarray(values.reshape(30, 40)), queries.reshape(11, 14, 10), missing=np.nan)
        self.check(keys, values, np.asfortranarray(queries.reshape(22, 70)), missing=np.nan)
        self.check(keys[:1], values[:1], queries.reshape(1540, 1)[:3], missing=np.nan)
        self.check(keys[:0], values[:0], queries, missing=np.nan)
        self.check(keys, values, queries[:0], missing=np.nan)

    def test_more_than_memory(self):
        """Parts of the keys on disk, blocks of a part whose keys come again and again, and every number of threads."""
        n = 1400000
        r = np.random.default_rng(5)
        keys = r.integers(0, 1 << 62, n)
        keys[::2] = 77  # half of them: more than a block
        values, queries = some('f8', n, 6), np.where(r.random(100000) < .5, keys[r.integers(0, n, 100000)], r.integers(0, 1 << 62, 100000))
        found = self.check(keys, values, queries, '--memory', '16M', missing=np.nan)
        self.assertGreater(found['parts'], 1)
        with open(self.path('out.npy'), 'rb') as out:
            expected = out.read()
        for split in SPLITS:
            found = answer('lookup', '--keys', self.path('k.npy'), '--values', self.path('v.npy'), '--queries', self.path('q.npy'),
                           '-o', self.path('out.npy'), *split)
            self.assertEqual(found['parts'] > 1, '16M' in split, found)
            with open(self.path('out.npy'), 'rb') as out:
                self.assertEqual(out.read(), expected)
        self.assertEqual(sorted(os.listdir(self.dir)), ['f.npy', 'k.npy', 'out.npy', 'q.npy', 'v.npy'])

    def test_refuses_and_leaves_nothing(self):
        k, v, q = self.save('k.npy', np.arange(10)), self.save('v.npy', np.arange(10.0)), self.save('q.npy', np.arange(5))
        out = self.path('out.npy')
        ask = lambda code, text, *more, k=k, v=v, q=q: self.refused(
            code, text, 'lookup', '--keys', k, '--values', v, '--queries', q, '-o', out, *more)
        before = set(os.listdir(self.dir))
        ask(3, 'keys are integers or booleans', k=v)
        ask(3, 'keys are integers or booleans', q=v)
        ask(3, '5 elements', v=q)
        ask(2, '--missing', '--missing', 'x')
        ask(2, 'float64', '--missing', '1e999')
        ask(2, 'int64', '--missing', '1.5', v=k)
        ask(2, 'at least 16M', '--memory', '15M')
        ask(2, 'No such', '--temp', self.path('nowhere'))
        ask(2, '', '--found', out)
        ask(2, '', '--found', k)
        ask(3, 'nothing.npy', q=self.path('nothing.npy'))
        ask(2, '--values', '--values', v)
        self.refused(2, 'needs --queries', 'lookup', '--keys', k, '--values', v, '-o', out)
        with open(k, 'rb') as whole, open(self.path('short.npy'), 'wb') as short:
            short.write(whole.read()[:150])
        before.add('short.npy')
        ask(3, 'short.npy', k=self.path('short.npy'))
        self.assertEqual(set(os.listdir(self.dir)), before)
        n = 700000  # more than 16M hold
        big = self.save('big.npy', np.arange(n)), self.save('values.npy', np.arange(n, dtype='f8'))
        self.out_of_room(1 << 20, 'lookup', '--keys', big[0], '--values', big[1], '--queries', big[0], '-o', out)
        self.out_of_room(1 << 20, 'lookup', '--keys', big[0], '--values', big[1], '--queries', q, '-o', out, '--memory', '16M')

    def test_what_is_printed(self):
        k, v, q = self.save('k.npy', np.arange(10)), self.save('v.npy', np.arange(10.0)), self.save('q.npy', np.arange(5, 15))
        done = run('lookup', '--keys', k, '--values', v, '--queries', q, '-o', self.path('out.npy'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('out.npy: 10 elements of float64, looked up in 10 keys; 5 not there\n', done.stdout)


class Join(Case):
    def check(self, left, right, how, *args, columns=('f4', 'i8'), width=True):
        """All kinds of columns against the rows of the model."""
        l, r = self.save('l.npy', left), self.save('r.npy', right)
        a, b, c = some('i2', left.size, 7), some(columns[0], right.size, 8), some(columns[1], right.size, 9)
        more = ['--left-value', self.save('a.npy', a)]
        pairs = how in ('inner', 'left')
        if pairs and width:
            more += ['--right-value', self.save('b.npy', b), '--right-value', 'other=' + self.save('c.npy', c)]
        if pairs or not width:
            more += ['--rows']
        out = self.path('o') + '/'
        os.makedirs(out, exist_ok=True)
        for name in os.listdir(out):
            os.remove(out + name)
        found = answer('join', l, r, '-o', out, '--how', how, *more, *args)
        i, j = joined(left, right, how)
        expected = {'key': left.ravel()[i].astype(left.dtype.newbyteorder('=')), 'a': a[i]}
        if pairs and width:
            for name, x in (('b', b), ('other', c)):
                expected[name] = np.where(j >= 0, x[j] if x.size else np.zeros(j.size, x.dtype), np.array(np.nan if x.dtype.kind == 'f' else 0).astype(x.dtype))
        if '--rows' in more:
            expected['left_row'] = i
            if pairs:
                expected['right_row'] = j
        if how == 'left':
            expected['found'] = j >= 0
        self.assertEqual(sorted(os.listdir(out)), sorted(name + '.npy' for name in expected))
        self.assertEqual(found['outputs'], {name: out + name + '.npy' for name in expected})
        for name, x in expected.items():
            self.assertTrue(same(np.load(out + name + '.npy'), x), (name, how, left.dtype, right.dtype, args))
        self.assertEqual((found['rows'], found['left'], found['right']), (i.size, left.size, right.size))
        return found

    def test_kinds_and_types(self):
        types = [(a, b) for a in KEYS for b in KEYS][::4]
        for k, (a, b) in enumerate(types):
            how = ('inner', 'left', 'semi', 'anti')[k % 4]
            self.check(keys_of(a, 300, k, 400), keys_of(b, 200, k + 1, 400), how, columns=(CODES[k % len(CODES)], 'i8'), width=k % 3 != 0)
        for how in ('inner', 'left', 'semi', 'anti'):
            for width in (True, False):
                self.check(keys_of('u8', 300, 1, 400), keys_of('i8', 200, 2, 400), how, width=width)
                self.check(np.arange(1000).reshape(20, 50), np.arange(500, 1500).astype('>u4'), how, width=width)
                self.check(np.zeros(0, 'i4'), np.arange(5), how, width=width)
                self.check(np.arange(5), np.zeros(0, 'i4'), how, width=width)
                self.check(np.full(200, 3), np.full(100, 3), how, width=width)

    def test_more_than_memory(self):
        r = np.random.default_rng(1)
        right = r.integers(0, 1 << 40, 400000)
        right[:120000] = np.repeat(right[:3000], 40)
        right[-250000:] = 5  # more than a block has room for
        left = np.where(r.random(100000) < .7, right[r.integers(0, 150000, 100000)], r.integers(0, 1 << 40, 100000))
        left[::40000] = 5
        for how in ('inner', 'left', 'semi', 'anti'):
            for split in SPLITS[1:] if how == 'left' else SPLITS[2:]:
                found = self.check(left, right, how, *split)
                self.assertEqual(found['parts'] > 1, '16M' in split and how in ('inner', 'left'), found)

    def test_row_numbers_alone(self):
        l, r = self.save('l.npy', np.array([3, 1, 3, 9])), self.save('r.npy', np.array([3, 7, 3, 1]))
        done = run('join', l, r, '--rows', '-o', self.path('j'), '--how', 'left')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('left join of 4 rows and 4 rows: 6 rows\n', done.stdout)
        self.assertEqual(np.load(self.path('j.left_row.npy')).tolist(), [0, 0, 1, 2, 2, 3])
        self.assertEqual(np.load(self.path('j.right_row.npy')).tolist(), [0, 2, 3, 0, 2, -1])
        self.assertEqual(np.load(self.path('j.found.npy')).tolist(), [True] * 5 + [False])

    def test_one_column_of_keys_that_come_once(self):
        """What fits the table lies there, where more is asked than it has rows."""
        right = np.random.default_rng(2).permutation(3000)[:1000]
        for n in (900, 20000):
            left = np.random.default_rng(3).integers(0, 3000, n)
            for k, code in enumerate(CODES):
                how, x = ('inner', 'left')[k % 2], some(code, 1000, k)
                answer('join', self.save('l.npy', left), self.save('r.npy', right), '--right-value', self.save('x.npy', x), '-o', self.path('j'),
                       '--how', how)
                i, j = joined(left, right, how)
                self.assertTrue(same(np.load(self.path('j.key.npy')), left[i]), (n, code))
                expected = np.where(j >= 0, x[j], np.array(np.nan if code[0] == 'f' else 0).astype(code))
                self.assertTrue(same(np.load(self.path('j.x.npy')), expected), (n, code))

    def test_refuses_and_leaves_nothing(self):
        l, r, f = self.save('l.npy', np.arange(10)), self.save('r.npy', np.arange(20)), self.save('f.npy', np.arange(10.0))
        before = set(os.listdir(self.dir))
        ask = lambda code, text, *args: self.refused(code, text, 'join', *args, '-o', self.path('o'))
        ask(2, 'name the right keys', l)
        ask(2, 'there are inner left semi anti', l, r, '--how', 'outer')
        ask(2, 'leave out --right-value', l, r, '--how', 'semi', '--right-value', r)
        ask(2, '--missing is for --how left', l, r, '--missing', '1')
        ask(2, "--missing '1.5'", l, r, '--missing', '1.5', '--how', 'left', '--right-value', r)
        ask(3, 'keys are integers or booleans', f, r)
        ask(3, 'keys are integers or booleans', l, f)
        ask(3, '20 elements', l, r, '--left-value', r)
        ask(2, "two columns are called f", l, l, '--left-value', f, '--right-value', f)
        ask(2, "two columns are called key", l, l, '--left-value', 'key=' + f)
        ask(2, 'is not a column', l, r, '--left-value', '=' + f)
        self.assertEqual(set(os.listdir(self.dir)), before)


if __name__ == '__main__':
    main()
