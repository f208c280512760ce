import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readFindings, readFindingsHeader, type StoredFindings, writeFindings } from '../../src/analysis/findings-file.ts'
import { manifestOf } from '../helpers/manifest.ts'

const values = Float32Array.from([0, 0.25, 0.5, 1])
const findings: StoredFindings = {
  seriesInstanceUid: '1.2.3',
  reason: 'axial FLAIR',
  model: { manifest: manifestOf(), sha256: 'ab', engine: 'onnxruntime 1' },
  rejected: [{ sopInstanceUid: '1.2.3.4', frameNumber: 1, reason: { code: 'localizer', text: 'a localizer' } }],
  groups: [
    {
      contrast: 'FLAIR',
      complete: true,
      notes: ['one gap'],
      slices: [
        {
          sopInstanceUid: '1.2.3.1',
          frameNumber: 1,
          toSource: { a: 1.5, b: 0, c: -3, d: 0, e: 1.5, f: 2 },
          finding: {
            kind: 'classified',
            probability: 0.123456789,
            heatmaps: [
              { method: 'grad-cam', width: 2, height: 2, empty: false, values },
              { method: 'saliency', width: 2, height: 2, empty: true, values: new Float32Array(4) },
            ],
          },
        },
        { sopInstanceUid: '1.2.3.2', frameNumber: 1, toSource: undefined, finding: { kind: 'failed', reason: { code: 'pixel-decode-failed', text: 'cut' } } },
      ],
    },
    {
      contrast: 'T2',
      complete: false,
      notes: [],
      slices: [{ sopInstanceUid: '1.2.3.3', frameNumber: 4, toSource: undefined, finding: { kind: 'undetermined', reason: { code: 'unlike', text: 'x' } } }],
    },
  ],
}

t.test('what was written is read', async t => {
  const path = join(t.testdir(), 'f')
  await writeFindings(path, findings)
  const read = await readFindings(path)
  t.strictSame({ ...read, groups: [] }, { ...findings, groups: [] })
  const [flair, t2] = read.groups
  t.strictSame(t2, findings.groups[1])
  t.strictSame({ ...flair, slices: flair!.slices.slice(1) }, { ...findings.groups[0], slices: findings.groups[0]!.slices.slice(1) })
  const first = flair!.slices[0]!
  t.strictSame(first.toSource, findings.groups[0]!.slices[0]!.toSource)
  if (first.finding.kind !== 'classified') throw new Error('not classified')
  t.equal(first.finding.probability, 0.123456789)
  t.strictSame(first.finding.heatmaps.map(map => [map.method, map.empty]), [['grad-cam', false], ['saliency', true]])
  for (const [i, value] of first.finding.heatmaps[0]!.values.entries()) t.ok(Math.abs(value - values[i]!) <= 0.5 / 65535)
  t.equal(first.finding.heatmaps[0]!.values[3], 1, 'the largest value stays 1')
})

t.test('the header is read without the maps', async t => {
  const path = join(t.testdir({ text: 'not findings', short: 'TLF1' }), 'f')
  await writeFindings(path, findings)
  const { groups, rejected, model } = await readFindingsHeader(path)
  t.strictSame(rejected, findings.rejected)
  t.equal(model.sha256, 'ab')
  t.match(groups[0]!.slices.map(({ finding }) => finding), [{ kind: 'classified', probability: 0.123456789, maps: [{}, {}] }, { kind: 'failed' }])
  for (const name of ['text', 'short']) await t.rejects(readFindingsHeader(join(path, '..', name)), { code: 'internal' })
  await t.rejects(readFindingsHeader(`${path}2`), { code: 'not-found' })
})

t.test('the same findings give the same bytes', async t => {
  const folder = t.testdir()
  await writeFindings(join(folder, 'a'), findings)
  await writeFindings(join(folder, 'b'), findings)
  t.ok(readFileSync(join(folder, 'a')).equals(readFileSync(join(folder, 'b'))))
})

t.test('a file that is missing, damaged or cut is refused', async t => {
  const folder = t.testdir({ text: 'not findings' })
  await t.rejects(readFindings(join(folder, 'absent')), { code: 'not-found' })
  await t.rejects(readFindings(join(folder, 'text')), { code: 'internal' })
  const path = join(folder, 'cut')
  await writeFindings(path, findings)
  truncateSync(path, readFileSync(path).length - 3)
  await t.rejects(readFindings(path), { code: 'internal', message: /cut short/ })
  const bytes = readFileSync(path)
  bytes[10]! ^= 0xff
  writeFileSync(path, bytes)
  await t.rejects(readFindings(path), { code: 'internal', message: /cannot be read/ })
})
