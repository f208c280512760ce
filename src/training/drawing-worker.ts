import { parentPort, workerData } from 'node:worker_threads'
import { toAppError } from '../errors.ts'
import { readCanvases } from './canvas.ts'
import type { DrawingAnswer, DrawingOrder } from './drawing-threads.ts'
import { sliceFiles } from './slice-files.ts'
import type { SliceFiles } from './slice-files.ts'
import { difficulties } from './slice-picture.ts'
import { Synthesizer } from './synthesizer.ts'
import { readLabelMaps } from './tissue-volume.ts'
import type { TrainingBatch } from './training-batch.ts'
import { drawBatch } from './training-batch.ts'

const order = workerData as DrawingOrder
const synthesizer = open()
// the failure is told with the first answer
synthesizer.catch(() => undefined)

parentPort?.on('message', (index: number) => {
  void synthesizer.then(pen => {
    const made = draw(pen, index)
    const answer: DrawingAnswer<TrainingBatch | SliceFiles> = { index, made }
    // batches are handed over; files are small, and may share their buffer with others
    parentPort?.postMessage(answer, 'pictures' in made ? [made.pictures, made.labels, made.cells].map(view => view.buffer as ArrayBuffer) : [])
  }).catch((thrown: unknown) => {
    const error = toAppError(thrown)
    const answer: DrawingAnswer<never> = { index, code: error.code, message: error.message }
    parentPort?.postMessage(answer)
  })
})

function draw (pen: Synthesizer, index: number): TrainingBatch | SliceFiles {
  const { preprocessing, batchSize, varied } = order
  if (order.draw === 'files') return sliceFiles(pen.draw(index), preprocessing)
  return drawBatch(pen, preprocessing, index * batchSize, batchSize, varied)
}

async function open (): Promise<Synthesizer> {
  const { labelMaps, canvases, patients, canvasShare, pairs = false } = order
  const wanted = (patient: string): boolean => patients?.includes(patient) ?? true
  return new Synthesizer({
    labelMaps: labelMaps === undefined ? [] : await readLabelMaps(labelMaps, wanted),
    canvases: canvases === undefined ? [] : await readCanvases(canvases, wanted),
    seed: order.seed,
    pairs,
    difficulty: difficulties[order.difficulty ?? 'mixed'],
    ...canvasShare === undefined ? {} : { canvasShare },
  })
}
