/**
 * Slices per second that the generator draws, against the 100 that training on two cores asks for: on label maps and on canvases, as
 * training batches by as many threads as asked for (by the clock), and on one thread by its CPU time, so that other programs do not count.
 *
 *   node bench/synthesize.ts [--label-maps DIR] [--canvases DIR] [--count 128] [--threads 2] [--patients a,b] [--json FILE]
 *
 * Without a folder: those of the test data (`TUBERLENS_TEST_DATA`) that are there, of two patients each, as reading takes longest.
 */
import { parseArgs } from 'node:util'
import type { Preprocessing } from '../src/imaging/preprocessing.ts'
import type { SynthesisSource } from '../src/training/batch-source.ts'
import { threadedSource } from '../src/training/batch-source.ts'
import { readCanvases } from '../src/training/canvas.ts'
import { sliceFiles } from '../src/training/slice-files.ts'
import { Synthesizer } from '../src/training/synthesizer.ts'
import { readLabelMaps } from '../src/training/tissue-volume.ts'
import { drawBatch } from '../src/training/training-batch.ts'
import { sharedData } from '../test/helpers/data.ts'
import { type Comparison, report } from './support/outcome.ts'

const { values } = parseArgs({
  options: {
    'label-maps': { type: 'string' },
    canvases: { type: 'string' },
    patients: { type: 'string' },
    count: { type: 'string', default: '128' },
    threads: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
})
const count = Number(values.count)
const threads = Number(values.threads)
/** Slices per second that feed a training on two cores. */
const wantedRate = 100
const given = values['label-maps'] !== undefined || values.canvases !== undefined
const folders = {
  'label maps': given ? values['label-maps'] : sharedData('label-maps'),
  canvases: given ? values.canvases : sharedData('mr-nifti/open-ms'),
}
const someOfTestData = 'seg_01,seg_02,patient01,patient03'
const patients = (values.patients ?? (given ? undefined : someOfTestData))?.split(',')
const wanted = (patient: string): boolean => patients?.includes(patient) ?? true
const preprocessing: Preprocessing = {
  width: 224, height: 224, voi: { from: 'percentiles', low: 1, high: 99.5 }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'normalized',
}
const batchSize = 16

interface Result {
  /** slices per second of CPU time */
  readonly drawn: number
  readonly trainingBatches: number
  readonly pictureFiles: number
  /** training batches by all threads, slices per second by the clock */
  readonly threaded: number
}

function perCpuSecond (work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return count / ((user + system) / 1e6)
}

async function measure (kind: keyof typeof folders, folder: string): Promise<Result> {
  const maps = kind === 'label maps' ? await readLabelMaps(folder, wanted) : []
  const canvases = kind === 'canvases' ? await readCanvases(folder, wanted) : []
  const pen = new Synthesizer({ labelMaps: maps, canvases, seed: 1 })
  drawBatch(pen, preprocessing, 1e6, batchSize, true) // warms up
  const drawn = perCpuSecond(() => { for (let i = 0; i < count; i++) pen.draw(i) })
  const trainingBatches = perCpuSecond(() => { for (let i = 0; i < count; i += batchSize) drawBatch(pen, preprocessing, i, Math.min(batchSize, count - i), true) })
  const pictureFiles = perCpuSecond(() => { for (let i = 0; i < count; i++) sliceFiles(pen.draw(i), preprocessing) })
  const source: SynthesisSource = {
    ...kind === 'label maps' ? { labelMaps: folder } : { canvases: folder },
    ...patients === undefined ? {} : { patients },
    seed: 1, batchSize, preprocessing, varied: true,
  }
  const pens = threadedSource(source, threads)
  try {
    await Promise.all(Array.from({ length: 2 * threads }, async (_, i) => await pens.batch(i)))
    const from = performance.now()
    const batches = Math.max(threads, Math.ceil(count / batchSize))
    for (let i = 0; i < batches; i++) await pens.batch(2 * threads + i)
    const threaded = batches * batchSize / ((performance.now() - from) / 1000)
    return { drawn, trainingBatches, pictureFiles, threaded }
  } finally {
    await pens.close()
  }
}

const comparisons: Comparison[] = []
const skipped: string[] = []
for (const [kind, folder] of Object.entries(folders) as [keyof typeof folders, string | undefined][]) {
  if (folder === undefined) {
    if (!given) skipped.push(`${kind}: the test data is absent (TUBERLENS_TEST_DATA names the folder)`)
    continue
  }
  const { drawn, trainingBatches, pictureFiles, threaded } = await measure(kind, folder)
  const row = (what: string, rate: number) =>
    ({ what: `${kind}, ${what}`, unit: 'slices/s', tuberlens: rate, other: wantedRate, otherName: 'asked for', ratio: rate / wantedRate })
  comparisons.push(
    { ...row(`training batches, ${threads} threads`, threaded), aim: 1 },
    row('training batches, one thread, CPU time', trainingBatches),
    row('drawn alone, one thread, CPU time', drawn),
    row('as files, one thread, CPU time', pictureFiles),
  )
}
await report({
  benchmark: 'synthesize',
  claim: 'Slices that the generator draws for training, 224 × 224',
  comparisons,
  ...skipped.length === 0 ? {} : { skipped },
})
