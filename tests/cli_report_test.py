#!/usr/bin/env python3
"""--report and --trace: pages and timelines that say what --json says of the same run.

usage: cli_report_test.py PRORATA [unittest arguments]
"""
import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np

from command_line import PRORATA, Case, main, run, some

XHTML = '{http://www.w3.org/1999/xhtml}'


class Page:
    """A page, read as XML."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.root = ElementTree.fromstring(self.text)

    def named(self, name):
        found = [e for e in self.root.iter() if e.get('id') == name]
        assert len(found) == 1, (name, len(found))
        return found[0]

    def has(self, name):
        return any(e.get('id') == name for e in self.root.iter())

    def all(self, tag, under=None):
        return list((self.root if under is None else under).iter(XHTML + tag))

    def table(self, section):
        return [[''.join(cell.itertext()) for cell in row] for row in self.all('tr', self.named(section))]

    def json(self):
        return json.loads(''.join(self.named('json').itertext()))


class Report(Case):
    def setUp(self):
        super().setUp()
        self.n = 300_000
        self.x = self.save('x.npy', some('f4', self.n, 1))
        self.k = self.save('k.npy', np.arange(self.n) % 1000)

    def reported(self, *args):
        """The command's page, and what --json says."""
        done = run(*args, '--report', self.path('page.html'), '--json')
        self.assertEqual((done.returncode, done.stderr), (0, ''), args)
        page = Page(self.path('page.html'))
        self.harmless(page)
        return page, json.loads(done.stdout)

    def harmless(self, page):
        """Nothing is fetched or run."""
        for element in page.root.iter():
            self.assertNotIn(element.tag.removeprefix(XHTML), ('script', 'link', 'img', 'iframe', 'object', 'a', 'use', 'image'))
            for name in element.keys():
                self.assertFalse(name.startswith('on') or name in ('src', 'href'), (element.tag, name))
        self.assertNotIn('http', page.text.replace('http://www.w3.org/1999/xhtml', ''))
        self.assertNotRegex(page.text, r'url\(|@import')

    def test_every_command_says_what_json_says(self):
        out, split = self.path('o.npy'), ['--devices', 'sim:1,3', '--chunk', '128K']
        for args in (['stats', self.x, *split], ['reduce', 'sum', self.x, *split], ['map', 'x < 0', self.x, '-o', out, *split],
                     ['scan', 'sum', self.x, '-o', out, *split], ['select', 'x > 0', self.x, '-o', out, *split],
                     ['quantile', '0.1,0.5', self.x, *split], ['groupby', self.k, self.x, '-o', self.path('g'), *split]):
            page, said = self.reported(*args)
            self.assertEqual(page.json(), said, args)
            rows = [r for r in page.table('devices') if r[0].startswith('sim:')]
            self.assertEqual([[d['name'], str(d['chunks']), str(d['elements'])] for d in said['devices']],
                             [[r[0], r[2], r[3]] for r in rows], args)
            self.assertEqual([p['count'] for p in said['plan']], [int(r[4]) for r in page.table('plan')[1:]])
            self.assertEqual(''.join(page.named('gb_per_s').itertext()), '%.4g' % said['gb_per_s'])
            self.assertEqual(len(page.all('svg', page.named('timeline'))), 2)
            self.assertTrue(all(page.all('path', row) for row in page.all('svg', page.named('timeline'))), args)
            self.assertEqual(page.has('speeds'), args[0] != 'scan', args)  # whose shares are exact
        for args in (['unique', self.x, '-o', out], ['sort', self.x, '-o', out], ['argsort', self.x, '-o', out],
                     ['join', self.k, self.k, '--how', 'semi', '-o', self.path('j')],
                     ['lookup', '--keys', self.k, '--values', self.x, '--queries', self.k, '-o', out],
                     ['generate', '--count', '1000', '-o', out]):
            page, said = self.reported(*args)
            self.assertEqual(page.json(), said, args)
            self.assertTrue(page.has('timeline'), args)
        for args, list_of in ((['topk', '50', self.x], 'result'), (['histogram', self.x, '--bins', '100'], 'counts')):
            page, said = self.reported(*args)
            shown = page.json()
            self.assertEqual(shown[list_of], said[list_of][:20] + [f'… {len(said[list_of]) - 20} more'])
            self.assertEqual(shown['seconds'], said['seconds'])

    def test_the_page_is_written_without_json_too(self):
        self.assertEqual(run('reduce', 'max', self.k, '--report', self.path('p.html')).returncode, 0)
        page = Page(self.path('p.html'))
        self.assertEqual(page.json()['result']['value'], 999)
        self.assertIn(['result', '999i8'], [[c.replace(', ', '') for c in row] for row in page.table('answer')])

    def test_hostile_names_and_expressions_are_text(self):
        names = ['<script>alert(1)<\\script>.npy', '"><svg onload=alert(1)>&amp;.npy', "']]><!--.npy", 'new\nline\x01.npy']
        for name in names:
            path = self.save(name, np.arange(3.0))
            page, _ = self.reported('map', 'x < 1 && x > -1', path, '-o', self.path('<b>' + name))
            self.assertIn("'x < 1 && x > -1'", ''.join(page.named('asked').itertext()))
            self.assertFalse(page.all('b'))
        odd = os.fsencode(self.dir) + b'/caf\xe9<i>.npy'
        done = subprocess.run([PRORATA, 'map', 'x', self.x, '-o', odd, '--report', self.path('p.html')], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        page = Page(self.path('p.html'))
        self.assertIn('caf\\xe9<i>.npy', ''.join(page.named('asked').itertext()))

    def test_a_report_is_an_output_as_any_other(self):
        o, page = self.path('o.npy'), self.path('p.html')
        for args in (['stats', self.x], ['map', 'x', self.x, '-o', o], ['sort', self.x, '-o', o],
                     ['lookup', '--keys', self.k, '--values', self.x, '--queries', self.k, '-o', o]):
            before = sorted(os.listdir(self.dir))
            self.refused(2, 'also an input', *args, '--report', self.x)
            self.refused(2, 'cannot write', *args, '--report', self.path('no/such/folder'))
            if '-o' in args:
                self.refused(2, 'also written', *args, '--report', o)
            if args[0] in ('stats', 'map'):
                self.refused(2, 'also written', *args, '--report', page, '--trace', page)
            with open('/dev/full', 'w') as full:
                done = subprocess.run([PRORATA, *args, '--report', page], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 5)
            self.assertEqual(sorted(os.listdir(self.dir)), before, args)

    def test_a_page_of_many_devices_and_chunks_is_small(self):
        page, said = self.reported('stats', self.x, '--devices', 'cpu*100', '--chunk', '4K', '--schedule', 'static')
        self.assertLess(len(page.text), 2_000_000)
        self.assertEqual(sum(d['chunks'] for d in said['devices']), 293)  # tiles
        self.assertEqual(len(page.table('devices')), 65)
        self.assertIn('36 more', page.text)

    def test_a_failed_device_is_named(self):
        done = run('stats', self.x, '--devices', 'sim:1,1@0s=fail', '--chunk', '64K', '--report', self.path('p.html'))
        self.assertEqual(done.returncode, 0)
        self.assertIn('sim:1@0s=fail (failed)', [r[0] for r in Page(self.path('p.html')).table('devices')])


class Trace(Case):
    def traced(self, *args):
        done = run(*args, '--trace', self.path('t.json'))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path('t.json')) as file:
            trace = json.load(file)
        self.assertEqual(set(trace), {'traceEvents', 'displayTimeUnit'})
        self.assertEqual(trace['displayTimeUnit'], 'ms')
        names, rows = {}, {}
        for e in trace['traceEvents']:
            self.assertIn(e['ph'], 'MX')
            self.assertEqual((type(e['pid']), type(e['tid']), type(e['name'])), (int, int, str))
            if e['ph'] == 'M':
                self.assertEqual(e['name'], 'thread_name')
                self.assertNotIn(e['tid'], names)
                names[e['tid']] = e['args']['name']
            else:
                self.assertTrue(e['ts'] >= 0 and e['dur'] >= 0, e)
                self.assertIsInstance(e['args'], dict)
                rows.setdefault(names[e['tid']], []).append(e)
        for row in rows.values():
            self.nested(row)
        return rows

    def nested(self, row):
        """Slices of one row lie side by side or one within the other: what viewers need."""
        slack, open_slices = 0.01, []
        for e in sorted(row, key=lambda e: (e['ts'], -e['dur'])):
            while open_slices and open_slices[-1]['ts'] + open_slices[-1]['dur'] <= e['ts'] + slack:
                open_slices.pop()
            if open_slices:
                self.assertLessEqual(e['ts'] + e['dur'], open_slices[-1]['ts'] + open_slices[-1]['dur'] + slack, (open_slices, e))
            open_slices.append(e)

    def test_a_row_of_each_device_is_complete(self):
        n = 2_000_000
        x = self.save('x.npy', some('f4', n, 1))
        for args, what in ((['stats', x], 'fold'), (['map', 'x*2', x, '-o', self.path('o.npy')], 'map'),
                           (['scan', 'sum', x, '-o', self.path('o.npy')], None)):
            rows = self.traced(*args, '--devices', 'sim:1,3', '--chunk', '256K')
            self.assertEqual(set(rows), {'sim:1', 'sim:3', 'stages'})
            stages = rows.pop('stages')
            whole = sum(s['dur'] for s in stages)
            for row in rows.values():
                chunks = [e for e in row if 'begin' in e['args']]
                idle = [e for e in row if e['name'] == 'idle']
                parts = [e for e in row if e['name'] in ('waiting', 'read', 'compute', 'write')]
                self.assertEqual(len(chunks) + len(idle) + len(parts), len(row))
                self.assertAlmostEqual(sum(e['dur'] for e in chunks + idle), whole, delta=0.02 * whole)
                self.assertAlmostEqual(sum(e['dur'] for e in parts), sum(e['dur'] for e in chunks), delta=0.02 * whole)
                self.assertIn('read', {e['name'] for e in parts})
                self.assertEqual('write' in {e['name'] for e in parts}, '-o' in args)
            if what:
                chunks = sorted((e['args']['begin'], e['args']['end']) for row in rows.values() for e in row if e['name'] == what)
                self.assertEqual((chunks[0][0], chunks[-1][1]), (0, n))
                self.assertTrue(all(a[1] == b[0] for a, b in zip(chunks, chunks[1:])))


if __name__ == '__main__':
    main()
