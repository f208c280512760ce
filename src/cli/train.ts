import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { type Preprocessing, paperPreprocessing } from '../imaging/preprocessing.ts'
import { loadTensorFlow } from '../model/tensorflow.ts'
import { layersModelFiles, writeModel } from '../model/write-layers-model.ts'
import { initialCommand, initialManifest, isKerasFile } from '../training/initial-weights.ts'
import { learningChart } from '../training/learning-chart.ts'
import { readLabelledSet } from '../training/labelled-set.ts'
import { newManifest } from '../training/new-manifest.ts'
import { architecturesNamed, trainable } from '../training/trainees.ts'
import type { Candidate, SessionOptions, TrainingData } from '../training/training-session.ts'
import { runSession } from '../training/training-session.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { numberOption, parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { softwareVersion } from '../analysis/software.ts'
import { table } from './table.ts'

export const help = `Usage: tuberlens train --out DIR (--label-maps DIR | --canvases DIR | --labelled CSV) [OPTIONS]

Trains networks on synthetic slices or on a labelled folder, patients kept apart, and keeps the one with the lowest
validation loss as a model folder. Needs TensorFlow (scripts/install-tensorflow.mjs).

  --label-maps DIR       anatomical label maps (NIfTI, FreeSurfer's numbers); a file is a patient
  --canvases DIR         real tuber-free volumes, DIR/<patient>/<study>_FLAIR.nii.gz and _T2W.nii.gz
  --canvas-share SHARE   of the slices drawn on canvases, where both are given (0.6)
  --labelled CSV         file,patient,label[,mask][,contrast][,series][,set]: DICOM, NIfTI, JPG, PNG, folders of them
  --validate NAMES       patients that choose the weights, separated by commas
  --leave-out NAMES      patients kept for evaluate
  --architecture NAME    evidence-map, tsc-cnn, inception-v3, resnet-50 or all (evidence-map, or that of --init)
  --protocol NAME        short, or paper: all four architectures, 100 epochs at a constant 0.00025, batches of 64,
                         --paper-preprocessing; other options change it one by one (short)
  --epochs N (8)  --batch N (48)  --validation-slices N (480)
  --steps N              per epoch (250; on labelled slices as many as draw each four times)
  --learning-rate RATE   0.002 with one cycle; or --constant and, after the paper, 0.00025
  --constant             no schedule
  --patience N           end after N epochs without a lower validation loss (never); with one cycle the last epochs are
                         often the best, so use it with --constant
  --weight-decay RATE    (0.001)
  --paper-preprocessing  stretch, nearest, 8 bits, three equal channels
  --threads N            that draw slices (1)
  --checkpoint FILE      written after every epoch; --resume goes on from it
  --init DIR|FILE.h5     start from this model's weights, with its architecture and preprocessing: fine-tuning, at a
                         rate of 0.0005; of a network imported from Keras, or a Keras file, all but the head's
  --small                a quarter of the filters, of the backbones an eighth
  --log DIR              learning curves, as JSON and SVG (beside the model: OUT-log)
  --seed N (1)  --name NAME  --model-version VERSION (0.1.0)
`

/** Fresh slices without end want a short run; the paper had a fixed set, and trained long (Sánchez Fernández et al. 2020). */
const protocols = {
  short: { architecture: 'evidence-map', epochs: 8, batch: 48, isConstant: false, weightDecay: 0.001, labelSmoothing: 0.02 },
  paper: { architecture: 'all', epochs: 100, batch: 64, isConstant: true, weightDecay: 0, labelSmoothing: 0 },
} as const

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({
    args,
    options: {
      out: { type: 'string' },
      'label-maps': { type: 'string' },
      canvases: { type: 'string' },
      'canvas-share': { type: 'string' },
      labelled: { type: 'string' },
      validate: { type: 'string' },
      'leave-out': { type: 'string' },
      protocol: { type: 'string', default: 'short' },
      architecture: { type: 'string' },
      epochs: { type: 'string' },
      steps: { type: 'string' },
      batch: { type: 'string' },
      'validation-slices': { type: 'string' },
      'learning-rate': { type: 'string' },
      constant: { type: 'boolean', default: false },
      'weight-decay': { type: 'string' },
      'paper-preprocessing': { type: 'boolean', default: false },
      threads: { type: 'string' },
      checkpoint: { type: 'string' },
      resume: { type: 'boolean', default: false },
      init: { type: 'string' },
      patience: { type: 'string' },
      log: { type: 'string' },
      small: { type: 'boolean', default: false },
      seed: { type: 'string' },
      name: { type: 'string' },
      'model-version': { type: 'string', default: '0.1.0' },
    },
  }))
  if (values.out === undefined) throw new AppError('usage', 'train needs --out DIR')
  if (values.protocol !== 'short' && values.protocol !== 'paper') throw new AppError('usage', '--protocol is short or paper')
  const protocol = protocols[values.protocol]
  const isConstant = values.constant || protocol.isConstant
  const whole = (name: 'epochs' | 'patience' | 'steps' | 'batch' | 'validation-slices' | 'threads' | 'seed', fallback: number): number =>
    Math.round(numberOption(name, values[name], { min: name === 'seed' ? 0 : 1, max: 1e9 }) ?? fallback)
  const share = numberOption('canvas-share', values['canvas-share'], { min: 0, max: 1 }) ?? 0.6
  const data = await dataOf(values, share, whole('validation-slices', 480))
  const start = values.init === undefined || isKerasFile(values.init) ? {} : await initialManifest(values.init)
  const startArchitecture = trainable.find(known => known === start.architecture)
  const isPaper = values['paper-preprocessing'] || (values.protocol === 'paper' && start.preprocessing === undefined)
  const preprocessing = isPaper ? paperPreprocessing : start.preprocessing ?? defaultPreprocessing
  const progress = new Progress(io)
  const log = values.log ?? `${resolve(values.out)}-log`
  const options: SessionOptions = {
    data,
    architectures: architecturesNamed(values.architecture ?? startArchitecture ?? protocol.architecture),
    preprocessing,
    validationPatients: names(values.validate),
    leftOut: names(values['leave-out']),
    epochs: whole('epochs', protocol.epochs),
    ...values.steps === undefined ? {} : { stepsPerEpoch: whole('steps', 1) },
    batchSize: whole('batch', protocol.batch),
    learningRate: numberOption('learning-rate', values['learning-rate'], { min: 1e-8, max: 1 }) ??
      (isConstant ? 0.00025 : start.architecture === undefined ? 0.002 : 0.0005),
    schedule: isConstant ? 'constant' : 'one-cycle',
    weightDecay: numberOption('weight-decay', values['weight-decay'], { min: 0, max: 1 }) ?? protocol.weightDecay,
    labelSmoothing: protocol.labelSmoothing,
    ...values.patience === undefined ? {} : { patience: whole('patience', 1) },
    seed: whole('seed', 1),
    threads: whole('threads', 1),
    small: values.small,
    ...values.checkpoint === undefined ? {} : { checkpoint: values.checkpoint },
    resume: values.resume,
    ...values.init === undefined ? {} : { initial: values.init },
    signal: io.signal,
    onRow: (done, total) => progress.update('reading', done, total),
    onNote: text => {
      progress.end()
      io.stderr.write(`${text}\n`)
    },
    onCurves: async curves => {
      await mkdir(log, { recursive: true })
      await writeFile(join(log, 'learning-curves.json'), `${JSON.stringify(curves, undefined, 2)}\n`)
      await writeFile(join(log, 'learning-curves.svg'), learningChart(curves))
    },
    // a terminal shows the loss of every step; a log gets one line, and then one for each epoch
    onStep: (architecture, step, steps, objective) =>
      progress.update(io.stderr.isTTY === true ? `${architecture} loss ${objective.toFixed(3)}` : architecture, step, steps),
    onEpoch: (architecture, { epoch, trainingObjective, objective, loss }, best) => {
      progress.end()
      io.stderr.write(`${architecture} epoch ${epoch}: training ${trainingObjective.toFixed(4)}, validation ${objective.toFixed(4)}, image loss ${loss.toFixed(4)}${best ? ' (lowest)' : ''}\n`)
    },
  }
  const { candidates, trainingPatients } = await runSession(options)
  io.stdout.write(validationTable(candidates))
  const [winner] = candidates as [Candidate]
  const ownCommand = ['tuberlens train', ...args.filter((arg, i) => !isPlace(arg.split('=')[0]!) && !isPlace(args[i - 1] ?? ''))].join(' ')
  const command = values.init === undefined ? ownCommand : `${await initialCommand(values.init)}; then from its weights: ${ownCommand}`
  const description = newManifest({
    candidate: winner,
    preprocessing,
    command,
    seed: options.seed,
    softwareVersion: softwareVersion(),
    trainingPatients,
    startedFrom: start.training?.data,
    data,
    name: values.name ?? `tuberlens-${winner.architecture}`,
    version: values['model-version'],
  })
  await writeModel(values.out, await layersModelFiles(await loadTensorFlow(), winner.trainee.model), description)
  io.stdout.write(`${winner.architecture} has the lowest validation loss; written to ${values.out}, learning curves to ${log}\n`)
  return exitCodes.ok.code
}

/** What the evidence-map network is trained with: percentiles of the head's inside, true aspect, normalised channels. */
export const defaultPreprocessing: Preprocessing = {
  width: 224,
  height: 224,
  voi: { from: 'percentiles', low: 1, high: 99.5 },
  fit: 'pad',
  resample: 'area',
  quantize8bit: false,
  range: [0, 1],
  channels: 'normalized',
}

async function dataOf (
  values: { labelled?: string | undefined, 'label-maps'?: string | undefined, canvases?: string | undefined }, canvasShare: number, validationSlices: number,
): Promise<TrainingData> {
  const { labelled, 'label-maps': labelMaps, canvases } = values
  if (labelled !== undefined) return { kind: 'labelled', files: await readLabelledSet(labelled) }
  if (labelMaps === undefined && canvases === undefined) throw new AppError('usage', 'train needs --label-maps, --canvases or --labelled')
  return {
    kind: 'synthetic',
    canvasShare,
    validationSlices,
    ...labelMaps === undefined ? {} : { labelMaps },
    ...canvases === undefined ? {} : { canvases },
  }
}

function names (text: string | undefined): string[] {
  return (text ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
}

/** Options that name places of this machine: they stay out of the manifest. */
function isPlace (arg: string): boolean {
  return ['--out', '--log', '--label-maps', '--canvases', '--labelled', '--checkpoint', '--init'].includes(arg)
}

/** The columns of the paper's table, lowest validation loss first. */
function validationTable (candidates: readonly Candidate[]): string {
  const rows = candidates.map(({ architecture, bestEpoch, validation: v }) => [
    architecture, v.logLoss.toFixed(4),
    ...[v.accuracy, v.auc, v.sensitivity, v.specificity, v.ppv, v.npv, v.f1].map(value => value.toFixed(3)), String(bestEpoch),
  ])
  const head = ['architecture', 'loss', 'accuracy', 'AUC', 'sensitivity', 'specificity', 'PPV', 'NPV', 'F1', 'epoch']
  return [...table(head, rows), ''].join('\n')
}
