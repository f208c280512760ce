import { createHash } from 'node:crypto'
import { readFile, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { softwareVersion } from '../analysis/software.ts'
import { AppError } from '../errors.ts'
import { type Preprocessing, paperPreprocessing, preprocessingSchema } from '../imaging/preprocessing.ts'
import { largestKerasFile } from '../model/keras/hdf5-file.ts'
import { importedManifest } from '../model/keras/imported-manifest.ts'
import { importKeras } from '../model/keras/keras-import.ts'
import { verifyModel } from '../model/verify-model.ts'
import { writeModel } from '../model/write-layers-model.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { numberOption, parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'

export const help = `Usage: tuberlens import-keras FILE.h5 --out DIR --preprocess paper|FILE.json
         (--positive-class 0|1 | --sigmoid-positive tuber|control) [OPTIONS]

Makes a model folder of a network that Keras 2 or 3 saved as HDF5, and runs it once. Sequential and functional models,
backbones within them; one sigmoid or two softmax units at the end. An optimizer's state is ignored.

  --preprocess paper      the paper's: stretched to the raster, nearest pixel, 8 bits, 0 to 1, three equal channels
  --preprocess FILE.json  as in a manifest: voi, fit, resample, quantize8bit, range, channels
  --positive-class N      of two softmax units, the one of tubers, counted from 0; the file does not say
  --sigmoid-positive C    what the probability of one sigmoid unit is of: tuber or control; the file does not say
  --threshold P           a slice is positive from it (0.5)
  --input-size N          rows and columns, where the network leaves them open (224)
  --grad-cam-layer NAME   the layer that Grad-CAM weighs (the last activation before pooling)
  --config FILE.json      what model.to_json() gives, for a file that holds weights alone
  --name NAME             (the file's)      --model-version VERSION (0.1.0)
  --training-data TEXT    what the network was trained on (not known)
  --licence TEXT          of the weights (not stated)
  --intended-use TEXT     (research use only)
  --age MIN-MAX           years of the patients that it was made for (5-120)
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(() => parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      preprocess: { type: 'string' },
      'positive-class': { type: 'string' },
      'sigmoid-positive': { type: 'string' },
      threshold: { type: 'string' },
      'input-size': { type: 'string' },
      'grad-cam-layer': { type: 'string' },
      config: { type: 'string' },
      name: { type: 'string' },
      'model-version': { type: 'string', default: '0.1.0' },
      'training-data': { type: 'string' },
      licence: { type: 'string' },
      'intended-use': { type: 'string' },
      age: { type: 'string', default: '5-120' },
    },
  }))
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new AppError('usage', 'import-keras needs one Keras file')
  if (values.out === undefined) throw new AppError('usage', 'import-keras needs --out DIR')
  if (values.preprocess === undefined) throw new AppError('usage', 'import-keras needs --preprocess: the file does not say how pictures were prepared')
  const positiveClass = numberOption('positive-class', values['positive-class'], { min: 0, max: 1 })
  if (positiveClass !== undefined && !Number.isInteger(positiveClass)) throw new AppError('usage', '--positive-class is 0 or 1')
  const sigmoidPositive = values['sigmoid-positive']
  if (sigmoidPositive !== undefined && sigmoidPositive !== 'tuber' && sigmoidPositive !== 'control') {
    throw new AppError('usage', `--sigmoid-positive is tuber or control, not ${sigmoidPositive}`)
  }
  const size = Math.round(numberOption('input-size', values['input-size'], { min: 1, max: 4096 }) ?? 224)
  const threshold = numberOption('threshold', values.threshold, { min: 0, max: 1 }) ?? 0.5
  const age = ageRange(values.age)
  const preprocessing = await preprocessingOf(values.preprocess)
  await refuseFullFolder(values.out)

  const progress = new Progress(io)
  const stage = (name: string, done: number): void => {
    if (io.signal.aborted) throw new AppError('interrupted', 'stopped')
    if (io.stderr.isTTY === true) progress.update(name, done, 4)
    else io.stderr.write(`${name}\n`)
  }
  try {
    stage('reading', 0)
    const bytes = await kerasBytes(file)
    const config = values.config === undefined ? undefined : await readJson('--config', values.config)
    stage('converting', 1)
    const network = await importKeras(bytes, { positiveClass, sigmoidPositive, size, config })
    const description = importedManifest({
      network,
      name: values.name ?? nameOf(file),
      version: values['model-version'],
      preprocessing,
      threshold,
      gradCamLayer: values['grad-cam-layer'],
      age,
      trainingData: values['training-data'],
      intendedUse: values['intended-use'],
      licence: values.licence,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      command: ['tuberlens import-keras', ...meaning(values)].join(' '),
      softwareVersion: softwareVersion(),
    })
    stage('writing', 2)
    // beside the folder, so that no unverified model ever stands in it
    const beside = `${resolve(values.out)}.unverified-${process.pid}`
    try {
      const manifest = await writeModel(beside, network.files, description)
      stage('verifying', 3)
      const verified = await verifyModel(beside)
      // fails where something has come into the folder meanwhile
      await rmdir(values.out).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error })
      await rename(beside, values.out)
      progress.end()
      const { width, height } = network
      io.stdout.write([
        `${network.name}${network.kerasVersion === undefined ? '' : ` of Keras ${network.kerasVersion}`}: ${network.parameters} weights, reads ${height}×${width}×3; architecture ${network.architecture}`,
        `Grad-CAM weighs layer ${manifest.gradCamLayer}`,
        `ran on ${verified.engine}: a black slice gives ${verified.black.toFixed(6)}, a gray ramp ${verified.ramp.toFixed(6)}`,
        `written to ${values.out}; measure it next: tuberlens evaluate --model ${values.out} --labelled CSV`,
        '',
      ].join('\n'))
    } finally {
      await rm(beside, { recursive: true, force: true })
    }
  } finally {
    progress.end()
  }
  return exitCodes.ok.code
}

async function kerasBytes (file: string): Promise<Uint8Array> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(file)) throw new AppError('usage', 'import-keras reads a file of this machine: download it first')
  const unreadable = (message: string, cause?: unknown) => new AppError('input-unreadable', message, {}, { cause })
  const found = await stat(file).catch((cause: unknown) => { throw unreadable('the Keras file cannot be read', cause) })
  if (found.isDirectory()) throw unreadable('the Keras file is a folder; of a SavedModel, save HDF5 with Keras: model.save("model.h5")')
  if (found.size > largestKerasFile) throw unreadable(`the Keras file has ${found.size} bytes; at most ${largestKerasFile} are read`)
  return await readFile(file).catch((cause: unknown) => { throw unreadable('the Keras file cannot be read', cause) })
}

/** A new folder, or an empty one: an import never replaces a model. */
async function refuseFullFolder (out: string): Promise<void> {
  const entries = await readdir(out).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new AppError('usage', '--out is not a folder', {}, { cause: error })
  })
  if (entries.length > 0) throw new AppError('usage', '--out names a folder that is not empty')
}

async function preprocessingOf (option: string): Promise<Preprocessing> {
  if (option === 'paper') return paperPreprocessing
  const json = await readJson('--preprocess', option)
  const { width, height } = paperPreprocessing // the network's own take their place
  const parsed = preprocessingSchema.safeParse(typeof json === 'object' ? { width, height, ...json } : json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AppError('usage', `--preprocess: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`, {}, { cause: parsed.error })
}

async function readJson (option: string, path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => { throw new AppError('usage', `${option}: there is no readable file ${path}`, {}, { cause }) })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('usage', `${option}: ${path} is not JSON`, {}, { cause })
  }
}

function ageRange (text: string): { minimum: number, maximum: number } {
  const match = /^(\d{1,3})-(\d{1,3})$/.exec(text)
  const [minimum, maximum] = [Number(match?.[1]), Number(match?.[2])]
  if (!(minimum <= maximum && maximum <= 130)) throw new AppError('usage', `--age is a range of years such as 5-120, not ${text}`)
  return { minimum, maximum }
}

function nameOf (file: string): string {
  const name = basename(file).replace(/\.(h5|hdf5|keras)$/i, '').replace(/[^\w.-]+/g, '-').slice(0, 64)
  return name === '' ? 'keras' : name
}

/** The options that decide what the model gives; no place of this machine. */
function meaning (values: Readonly<Record<string, string | undefined>>): string[] {
  const { preprocess } = values
  const told = ['positive-class', 'sigmoid-positive', 'threshold', 'input-size', 'grad-cam-layer']
  return [
    `--preprocess ${preprocess === 'paper' ? 'paper' : 'FILE'}`,
    ...told.flatMap(name => values[name] === undefined ? [] : [`--${name} ${values[name]}`]),
  ]
}
