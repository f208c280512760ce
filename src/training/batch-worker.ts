import { parentPort, workerData } from 'node:worker_threads'
import { toAppError } from '../errors.ts'
import type { SynthesisSource, WorkerAnswer } from './batch-source.ts'
import { readCanvases } from './canvas.ts'
import { difficulties } from './slice-picture.ts'
import { Synthesizer } from './synthesizer.ts'
import { readLabelMaps } from './tissue-volume.ts'
import { drawBatch } from './training-batch.ts'

const source = workerData as SynthesisSource
const synthesizer = open()
// the failure is told with the first answer
synthesizer.catch(() => undefined)

parentPort?.on('message', (index: number) => {
  void synthesizer.then(pen => {
    const batch = drawBatch(pen, source.preprocessing, index * source.batchSize, source.batchSize, source.varied)
    const answer: WorkerAnswer = { index, batch }
    parentPort?.postMessage(answer, [batch.pictures.buffer, batch.labels.buffer, batch.cells.buffer] as ArrayBuffer[])
  }).catch((thrown: unknown) => {
    const error = toAppError(thrown)
    const answer: WorkerAnswer = { index, code: error.code, message: error.message }
    parentPort?.postMessage(answer)
  })
})

async function open (): Promise<Synthesizer> {
  const wanted = (patient: string): boolean => source.patients.includes(patient)
  return new Synthesizer({
    labelMaps: source.labelMaps === undefined ? [] : await readLabelMaps(source.labelMaps, wanted),
    canvases: source.canvases === undefined ? [] : await readCanvases(source.canvases, wanted),
    seed: source.seed,
    difficulty: difficulties[source.difficulty ?? 'mixed'],
    ...(source.canvasShare === undefined ? {} : { canvasShare: source.canvasShare }),
  })
}
