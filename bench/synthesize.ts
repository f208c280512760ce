/**
 * Slices per second that the generator draws: on label maps and on canvases, on one thread (by its CPU time, so that other
 * programs do not count) and as training batches by as many threads as asked for (by the clock).
 *
 *   node bench/synthesize.ts [--label-maps DIR] [--canvases DIR] [--count 200] [--threads 2] [--json]
 *
 * Without a folder: ../shared/data/label-maps. One patient or two are enough: --patients a,b
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Preprocessing } from '../src/imaging/preprocessing.ts'
import type { SynthesisSource } from '../src/training/batch-source.ts'
import { threadedSource } from '../src/training/batch-source.ts'
import { readCanvases } from '../src/training/canvas.ts'
import { sliceFiles } from '../src/training/slice-files.ts'
import { Synthesizer } from '../src/training/synthesizer.ts'
import { readLabelMaps } from '../src/training/tissue-volume.ts'
import { drawBatch } from '../src/training/training-batch.ts'

const { values } = parseArgs({
  options: {
    'label-maps': { type: 'string' },
    canvases: { type: 'string' },
    patients: { type: 'string' },
    count: { type: 'string', default: '200' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const count = Number(values.count)
const threads = Number(values.threads)
const folders = {
  'label maps': values['label-maps'] ?? (values.canvases === undefined ? '../shared/data/label-maps' : undefined),
  canvases: values.canvases,
}
const patients = values.patients?.split(',')
const wanted = (patient: string): boolean => patients?.includes(patient) ?? true
const preprocessing: Preprocessing = {
  width: 224, height: 224, voi: { from: 'percentiles', low: 1, high: 99.5 }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'normalized',
}
const batchSize = 16

interface Result {
  readonly kind: string
  readonly readingSeconds: number
  /** slices per second of CPU time */
  readonly drawn: number
  readonly trainingBatches: number
  readonly pictureFiles: number
  /** training batches by all threads, slices per second by the clock */
  readonly threads: number
  readonly threaded: number
}

function perCpuSecond (work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return count / ((user + system) / 1e6)
}

async function measure (kind: keyof typeof folders, folder: string): Promise<Result> {
  const start = process.cpuUsage()
  const maps = kind === 'label maps' ? await readLabelMaps(folder, wanted) : []
  const canvases = kind === 'canvases' ? await readCanvases(folder, wanted) : []
  const reading = process.cpuUsage(start)
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
    return { kind, readingSeconds: (reading.user + reading.system) / 1e6, drawn, trainingBatches, pictureFiles, threads, threaded }
  } finally {
    await pens.close()
  }
}

const results: Result[] = []
for (const [kind, folder] of Object.entries(folders) as [keyof typeof folders, string | undefined][]) {
  if (folder !== undefined) results.push(await measure(kind, folder))
}
const processor = cpus()[0]?.model ?? 'unknown processor'
if (values.json) {
  process.stdout.write(`${JSON.stringify({ processor, cores: cpus().length, slices: count, results }, null, 2)}\n`)
} else {
  process.stdout.write(`${processor}, ${cpus().length} cores, ${count} slices of 224 × 224; slices per second\n`)
  for (const one of results) {
    process.stdout.write(`  ${one.kind.padEnd(12)}one thread, CPU time: drawn ${one.drawn.toFixed(0)}, as training batches ${one.trainingBatches.toFixed(0)}, ` +
      `as picture files ${one.pictureFiles.toFixed(0)}; ${one.threads} threads, clock: batches ${one.threaded.toFixed(0)}; ` +
      `read in ${one.readingSeconds.toFixed(1)} s of CPU time\n`)
  }
}
