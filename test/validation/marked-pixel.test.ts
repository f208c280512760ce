import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { resultSeries } from '../../src/report/result-series.ts'
import { seriesIdentity } from '../../src/report/result-uids.ts'
import { buildSecondaryCapture } from '../../src/report/secondary-capture.ts'
import { displayOf, emptyMap, seriesOf, testContext } from '../helpers/report-inputs.ts'
import { folder, writeAll } from '../helpers/result-files.ts'
import { axial, enhancedDataset, instanceOf, mrDataset } from '../helpers/synthetic-mr.ts'
import type { SyntheticGeometry } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'
import { python } from '../helpers/validators.ts'

interface Answer { readonly at: readonly number[], readonly peak: number, readonly factor: number, readonly distance: number }

const [cosine, sine] = [Math.cos(0.4), Math.sin(0.4)]
const wide = { rows: 240, columns: 520, spacing: [0.8, 0.5], position: [-130, -96, 10] } as const
const geometries: Readonly<Record<string, SyntheticGeometry>> = {
  plain: { ...axial, rows: 80, spacing: [2, 2] },
  'pixels that are not square': axial,
  oblique: { ...axial, row: [cosine, 0, sine], column: [0, 1, 0] },
  'oblique in two directions': { ...axial, row: [cosine, sine * sine, cosine * sine], column: [0, cosine, -sine] },
  'columns from left to right': { ...axial, row: [-1, 0, 0], position: [100, -96, 10] },
  'turned by 180 degrees': { ...axial, row: [-1, 0, 0], column: [0, -1, 0], position: [100, 96, 10] },
  'rows and columns exchanged': { ...axial, row: [0, 1, 0], column: [1, 0, 0], rows: 64, columns: 120 },
  'as large as its canvas': { ...axial, ...wide },
}

/** Corners, two pixels from the edge, and the middle. */
const marks = ({ rows, columns }: SyntheticGeometry) =>
  [[2, 2], [columns - 3, 2], [2, rows - 3], [columns - 3, rows - 3], [Math.floor(columns / 2), Math.floor(rows / 2)]] as [number, number][]

/** The mark, in half a picture of grey: the legend goes to the other half. */
function marked ({ rows, columns }: SyntheticGeometry, [column, row]: readonly [number, number]): Uint16Array<ArrayBuffer> {
  const pixels = new Uint16Array(rows * columns).map((_, i) => (Math.floor(i / columns) < rows / 2) === (row <= rows / 2) ? 200 : 0)
  pixels[row * columns + column] = 1000
  return pixels
}

/** Source and capture as files. @param frame 0-based */
async function pair (directory: string, source: Dataset, frame: number, name: string): Promise<{ source: string, capture: string, frame: number }> {
  const slices = slicesOf(instanceOf(source))
  const series = seriesOf(slices, slices.map(() => 0.9))
  const context = testContext()
  const result = series.slices[frame]!
  const { dataset } = buildSecondaryCapture({
    result, heatmap: emptyMap('grad-cam'), display: await displayOf(result.slice), series: resultSeries(seriesIdentity(series), context), context,
  })
  const [first, second] = writeAll(directory, [source, dataset], name)
  return { source: first!, capture: second!, frame }
}

t.test('a marked pixel lies under the same patient coordinate in the capture, as pydicom reads both', { timeout: 300_000 }, async t => {
  if (!requireTool(t, python)) return
  const directory = folder(t)
  const cases: { readonly name: string, readonly mark: readonly [number, number], readonly files: Awaited<ReturnType<typeof pair>> }[] = []
  const add = async (name: string, mark: readonly [number, number], source: Dataset, frame: number) => {
    cases.push({ name, mark, files: await pair(directory, source, frame, `case-${cases.length}`) })
  }
  for (const [name, geometry] of Object.entries(geometries)) {
    for (const mark of marks(geometry)) await add(name, mark, mrDataset(0, {}, geometry, marked(geometry, mark)), 0)
  }
  // of three frames the second is marked
  for (const mark of marks(axial)) {
    const one = marked(axial, mark)
    const pixels = new Uint16Array(3 * one.length)
    pixels.set(one, one.length)
    await add('an enhanced source', mark, enhancedDataset(3, { PixelData: [pixels.buffer] }), 1)
  }
  const { status, stdout, stderr } = spawnSync(python, [join(import.meta.dirname, 'marked_pixel.py')], {
    input: JSON.stringify(cases.map(({ files }) => files)), encoding: 'utf8', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  t.equal(status, 0, stderr)
  const answers = JSON.parse(stdout) as Answer[]
  t.equal(answers.length, 9 * 5)
  for (const [i, { name, mark }] of cases.entries()) {
    const { at, peak, distance } = answers[i]!
    t.strictSame(at, mark, 'the mark is where it was put')
    t.ok(peak > 100, `${name}, ${mark.join(' ')}: it is seen`)
    t.ok(distance < 0.1, `${name}, ${mark.join(' ')}: ${distance} mm`)
  }
  t.strictSame([...new Set(answers.map(({ factor }) => factor))].sort((a, b) => a - b), [1, 5, 7], 'enlarged by these factors')
})
