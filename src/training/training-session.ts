import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { loadTensorFlow } from '../model/tensorflow.ts'
import type { BatchSource } from './batch-source.ts'
import { threadedSource } from './batch-source.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { entriesOf, niftiStem } from './folder.ts'
import { loadInitialWeights } from './initial-weights.ts'
import type { LearningCurve } from './learning-curve.ts'
import { learningCurve } from './learning-curve.ts'
import type { LabelledSample } from './labelled-samples.ts'
import { readSamples } from './labelled-samples.ts'
import type { LabelledFile } from './labelled-set.ts'
import { splitPatients } from './labelled-set.ts'
import { labelledSource, plainBatches } from './labelled-source.ts'
import type { Figures } from './metrics.ts'
import { figures } from './metrics.ts'
import type { NewTrainee, TrainableArchitecture } from './trainees.ts'
import { newTrainee } from './trainees.ts'
import { bestEpoch, train } from './trainer.ts'
import type { EpochFigures } from './trainer.ts'
import type { TrainingBatch } from './training-batch.ts'

/** Where the pictures come from. */
export type TrainingData =
  | { readonly kind: 'synthetic', readonly labelMaps?: string, readonly canvases?: string, readonly canvasShare: number, readonly validationSlices: number }
  | { readonly kind: 'labelled', readonly files: readonly LabelledFile[] }

export interface SessionOptions {
  readonly data: TrainingData
  readonly architectures: readonly TrainableArchitecture[]
  readonly preprocessing: Preprocessing
  /** patients that choose the weights */
  readonly validationPatients: readonly string[]
  /** patients kept for `evaluate`: neither trained on nor looked at */
  readonly leftOut: readonly string[]
  readonly epochs: number
  /** absent: 250 on synthetic slices; four times each labelled slice, as the paper augmented */
  readonly stepsPerEpoch?: number
  readonly batchSize: number
  readonly learningRate: number
  readonly schedule: 'one-cycle' | 'constant'
  readonly weightDecay: number
  /** of the image label, 0 to 0.5 */
  readonly labelSmoothing: number
  /** epochs without a lower validation loss after which an architecture's training ends */
  readonly patience?: number
  readonly seed: number
  readonly threads: number
  readonly small: boolean
  /** file, to which the architecture's name is added */
  readonly checkpoint?: string
  readonly resume: boolean
  /** model folder whose weights training starts from */
  readonly initial?: string
  readonly signal?: AbortSignal
  readonly onStep?: (architecture: string, step: number, steps: number, objective: number) => void
  readonly onEpoch?: (architecture: string, epoch: EpochFigures, best: boolean) => void
  /** rows of the labelled set read */
  readonly onRow?: (done: number, total: number) => void
  /** what of the data or of the initial weights is not used, in words */
  readonly onNote?: (text: string) => void
  /** called after each epoch with the curves of all architectures so far */
  readonly onCurves?: (curves: readonly LearningCurve[]) => Promise<void>
}

/** One network after training: a line of the validation table. */
export interface Candidate {
  readonly architecture: TrainableArchitecture
  readonly trainee: NewTrainee
  readonly history: readonly EpochFigures[]
  /** the epoch of the lowest validation loss, 1-based */
  readonly bestEpoch: number
  /** on the validation patients, at 0.5 */
  readonly validation: Figures
}

/** Trains each architecture on the same data and sorts them by validation loss, lowest first. @throws AppError */
export async function runSession (
  options: SessionOptions,
): Promise<{ candidates: Candidate[], trainingPatients: readonly string[] }> {
  const tf = await loadTensorFlow()
  const { training, trainingPatients, validation, steps } = await openData(options)
  const stepsPerEpoch = options.stepsPerEpoch ?? steps
  try {
    const labels = validation.flatMap(batch => [...batch.labels])
    const candidates: Candidate[] = []
    const curves: LearningCurve[] = []
    for (const architecture of options.architectures) {
      const { preprocessing, seed, small } = options
      const trainee = newTrainee(tf, architecture, { size: preprocessing.width, seed, small })
      if (options.initial !== undefined) {
        const { layers, without } = await loadInitialWeights(tf, trainee.model, options.initial)
        options.onNote?.(`${architecture} starts from the weights of ${layers} layers${without === undefined ? '' : `; not taken: the head's (${without})`}`)
      }
      const fingerprint = planOf({ ...options, stepsPerEpoch }, architecture, trainingPatients)
      const path = options.checkpoint === undefined ? undefined : `${options.checkpoint}.${architecture}`
      const history = await train(tf, trainee, { ...options, stepsPerEpoch, fingerprint }, training, validation, {
        ...options.signal === undefined ? {} : { signal: options.signal },
        onStep: (step, steps, objective) => options.onStep?.(architecture, step, steps, objective),
        onEpoch: async (epoch, best, history) => {
          options.onEpoch?.(architecture, epoch, best)
          await options.onCurves?.([...curves, learningCurve(architecture, history, labels)])
        },
        ...path === undefined ? {} : { save: checkpoint => writeCheckpoint(path, checkpoint) },
        resume: path !== undefined && options.resume ? await readCheckpoint(path, fingerprint) : undefined,
      })
      const best = bestEpoch(history)
      const judged = best.probabilities.map((probability, i) => ({
        probability,
        label: labels[i] === 1 ? 1 as const : 0 as const,
        patient: '',
      }))
      curves.push(learningCurve(architecture, history, labels))
      // of a resumed run no epoch may have been left
      await options.onCurves?.(curves)
      candidates.push({ architecture, trainee, history, bestEpoch: best.epoch, validation: figures(judged, 0.5) })
    }
    candidates.sort((one, other) => one.validation.logLoss - other.validation.logLoss)
    return { candidates, trainingPatients }
  } finally {
    await training.close()
  }
}

const syntheticSteps = 250

interface OpenData {
  readonly training: BatchSource
  readonly trainingPatients: readonly string[]
  readonly validation: TrainingBatch[]
  /** of an epoch, where none were asked for */
  readonly steps: number
}

async function openData (options: SessionOptions): Promise<OpenData> {
  const { data, preprocessing, batchSize, seed } = options
  if (data.kind === 'labelled') {
    const { training, validation } = splitFiles(data.files, options)
    const decoder = createDecoder()
    try {
      const read = async (files: readonly LabelledFile[]): Promise<readonly LabelledSample[]> => {
        const { signal, onRow, onNote } = options
        const { samples, leftOut } = await readSamples(files, { preprocessing, decoder, signal, onRow })
        for (const [reason, slices] of leftOut) onNote?.(`${slices} ${slices === 1 ? 'slice is' : 'slices are'} left out: ${reason}`)
        return samples
      }
      const samples = await read(training)
      return {
        training: labelledSource(samples, { preprocessing, batchSize, seed }),
        trainingPatients: [...new Set(samples.map(({ patient }) => patient))].sort(),
        validation: plainBatches(await read(validation), preprocessing, batchSize),
        steps: Math.ceil(4 * samples.length / batchSize),
      }
    } finally {
      await decoder.close()
    }
  }
  const known = [...await patientsIn(data.labelMaps, 'files'), ...await patientsIn(data.canvases, 'folders')]
  const trainingPatients = splitPatients(known, options.validationPatients, options.leftOut)
  if (options.validationPatients.length === 0) throw new AppError('usage', 'name at least one patient with --validate')
  const base = {
    ...data.labelMaps === undefined ? {} : { labelMaps: data.labelMaps },
    ...data.canvases === undefined ? {} : { canvases: data.canvases },
    batchSize,
    preprocessing,
    canvasShare: data.canvasShare,
  }
  // other slices than any that training draws: another seed
  const judge = threadedSource({ ...base, patients: options.validationPatients, seed: seed + 0x10000, varied: false })
  const validation: TrainingBatch[] = []
  try {
    for (let i = 0; i < Math.ceil(data.validationSlices / batchSize); i++) validation.push(await judge.batch(i))
  } finally {
    await judge.close()
  }
  const training = threadedSource({ ...base, patients: trainingPatients, seed, varied: true }, options.threads)
  return { training, trainingPatients, validation, steps: syntheticSteps }
}

/** By the CSV's column `set` where it has one, else by the patients named. @throws AppError `training-data-invalid` */
function splitFiles (
  files: readonly LabelledFile[], options: SessionOptions,
): { training: LabelledFile[], validation: LabelledFile[] } {
  const named = files.some(file => file.set !== undefined)
  const patients = [...new Set(files.map(file => file.patient))]
  if (!named) splitPatients(patients, options.validationPatients, options.leftOut)
  const setOf = (file: LabelledFile): string | undefined => {
    if (named) return file.set
    if (options.leftOut.includes(file.patient)) return 'test'
    return options.validationPatients.includes(file.patient) ? 'validation' : 'train'
  }
  const training = files.filter(file => setOf(file) === 'train')
  const validation = files.filter(file => setOf(file) === 'validation')
  if (training.length === 0 || validation.length === 0) {
    throw new AppError('training-data-invalid', 'the labelled set needs patients for training and others for validation')
  }
  return { training, validation }
}

async function patientsIn (folder: string | undefined, kind: 'files' | 'folders'): Promise<string[]> {
  if (folder === undefined) return []
  const entries = await entriesOf(folder, kind === 'files' ? 'label maps' : 'canvases')
  return kind === 'files'
    ? entries.map(entry => niftiStem(entry.name)).filter(stem => stem !== undefined)
    : entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}

/** Everything that makes two runs the same run. */
function planOf (options: SessionOptions, architecture: string, patients: readonly string[]): string {
  const { epochs, stepsPerEpoch, batchSize, learningRate, schedule, weightDecay } = options
  const { labelSmoothing, seed, small, preprocessing, validationPatients } = options
  const pace = { epochs, stepsPerEpoch, batchSize, learningRate, schedule, weightDecay, labelSmoothing }
  return JSON.stringify({ architecture, ...pace, seed, small, preprocessing, validationPatients, patients })
}
