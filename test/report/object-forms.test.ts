import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { defaultObjectSettings } from '../../src/report/object-settings.ts'
import type { ObjectSettings } from '../../src/report/object-settings.ts'
import { parseHeatmapScope } from '../../src/report/heatmap-scope.ts'
import { dataPath } from '../helpers/data.ts'
import { assertPydicomReads, assertValid, deliver, references } from '../helpers/deliverable-files.ts'
import { seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { mrSlices } from '../helpers/synthetic-mr.ts'

const contextOf = (objects: Partial<ObjectSettings>) => testContext({ objects: { ...defaultObjectSettings, ...objects } })

/** A negative T2 of three slices and a positive FLAIR of five, one of which failed. */
function twoSeries (): ReturnType<typeof studyOf> {
  const t2 = mrSlices(3, { SeriesInstanceUID: '2.25.1', SeriesNumber: 3, SeriesDescription: 'AX T2' })
    .map((slice, i): Slice => ({ ...slice, source: { ...slice.source, sopInstanceUid: `2.25.10${i}` as Slice['source']['sopInstanceUid'] } }))
  return studyOf([
    seriesOf(t2, [0.1, 0.3, 0.2], { contrast: 'T2', ordinal: 1 }),
    seriesOf(mrSlices(5), [0.02, 0.93, 0.71, 'failed', 0.4], { ordinal: 2 }),
  ])
}

/** The real Philips FLAIR series, three slices of it, one positive and one failed. */
async function philips (t: Parameters<typeof dataPath>[0]): Promise<ReturnType<typeof studyOf> | undefined> {
  const folder = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (folder === undefined) return undefined
  const files = readdirSync(folder).filter(name => name.endsWith('.dcm')).sort().slice(10, 13)
  const slices = (await Promise.all(files.map(async file => await readInstanceFile(join(folder, file))))).flatMap(slicesOf)
  return studyOf([seriesOf(slices, [0.1, 0.9, 'failed'])])
}

const scopes = { all: 14, 'positive-series': 8, 'positive-slices': 4, 'top-2': 8, none: 0 }

t.test('heatmaps are written of the slices in scope, and documents name these alone', async t => {
  const written: string[] = []
  for (const [text, count] of Object.entries(scopes)) {
    const folder = t.testdir({ [text]: {} })
    const files = await deliver(join(folder, text), twoSeries(), contextOf({ heatmapScope: parseHeatmapScope(text)! }), { extras: ['key-objects'] })
    const heatmaps = files.filter(({ kind }) => kind === 'grad-cam' || kind === 'saliency').map(({ instance }) => instance.sopInstanceUid as string)
    t.equal(heatmaps.length, count, text)
    const named = files.filter(({ kind }) => kind === 'sr').flatMap(({ instance }) => references(instance.attributes))
    const sources = new Set([...Array.from({ length: 3 }, (_, i) => `2.25.10${i}`), ...mrSlices(5).map(slice => slice.source.sopInstanceUid as string)])
    t.strictSame(new Set(named.filter(uid => !sources.has(uid))), new Set(heatmaps), 'reports name what is written')
    const [keyObjects] = files.filter(({ kind }) => kind === 'key-objects').map(({ instance }) => references(instance.attributes))
    t.strictSame(keyObjects!.filter(uid => !sources.has(uid)).length, text === 'none' ? 0 : 4, 'the heatmaps of the two positive slices')
    assertValid(t, files)
    written.push(...files.map(({ path }) => path))
    if (text === 'none') assertPydicomReads(t, files.map(({ path }) => path))
  }
  t.ok(written.length > 30)
})

t.test('a heatmap is the same object in every scope, and a report another one', async t => {
  const folder = t.testdir({ a: {}, b: {} })
  const all = await deliver(join(folder, 'a'), twoSeries(), contextOf({}))
  const few = await deliver(join(folder, 'b'), twoSeries(), contextOf({ heatmapScope: { of: 'positive-slices' } }))
  const uids = new Set(all.map(({ instance }) => instance.sopInstanceUid))
  t.strictSame(few.map(({ kind, instance }) => [kind, uids.has(instance.sopInstanceUid)]), [
    ['grad-cam', true], ['saliency', true], ['grad-cam', true], ['saliency', true], ['summary', false], ['sr', false], ['sr', false],
  ])
})

t.test('the real Philips series is valid in a scope too', async t => {
  const study = await philips(t)
  if (study === undefined) return
  const files = await deliver(t.testdir(), study, contextOf({ heatmapScope: { of: 'top', k: 1 } }), { extras: ['key-objects', 'pdf'] })
  t.strictSame(files.map(({ kind }) => kind), ['grad-cam', 'saliency', 'summary', 'key-objects', 'pdf', 'sr'])
  assertValid(t, files)
  assertPydicomReads(t, files.map(({ path }) => path))
})
