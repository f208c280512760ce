import { basename } from 'node:path'
import { AppError } from '../errors.ts'
import type { Distribution } from '../imaging/out-of-distribution.ts'
import type { Classifier } from '../model/classifier.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { loadModel } from '../model/load-model.ts'
import type { LoadOptions } from '../model/load-model.ts'
import type { Fold } from '../training/folds.ts'
import { MapChecker } from '../training/map-checks.ts'
import { withRandomWeights } from '../training/random-weights.ts'
import type { CliIo } from './io.ts'

/** The networks of an evaluation. */
export interface OpenModels {
  /** `--model`, else the first fold: its preprocessing, threshold and rules hold for all */
  readonly reference: Classifier
  /** empty where one network judges every patient */
  readonly folds: readonly Fold[]
  readonly close: () => Promise<void>
}

/**
 * Opens `--model` and every `--fold PATIENT[,PATIENT…]=DIR`. With both, the model judges the patients that no fold names, and its rule
 * against unlike slices holds for the folds.
 * @throws AppError `usage`, and what `loadModel` throws
 */
export async function openModels (
  model: string | undefined, folds: readonly string[], engine: LoadOptions,
): Promise<OpenModels> {
  const named = folds.map(parsed)
  if (model === undefined && named.length === 0) throw new AppError('usage', 'evaluate needs --model DIR, or --fold PATIENTS=DIR')
  const open: Classifier[] = []
  const close = async (): Promise<void> => { for (const one of open) await one.close() }
  const load = async (directory: string): Promise<Classifier> => {
    const classifier = await loadModel(directory, engine)
    open.push(classifier)
    return classifier
  }
  try {
    const main = model === undefined ? undefined : await load(model)
    const made: Fold[] = []
    for (const { patients, directory } of named) {
      const classifier = await load(directory)
      const ruled = main === undefined ? classifier : withRule(classifier, main.manifest.distribution)
      made.push({ name: basename(directory), patients, classifier: ruled })
    }
    if (main !== undefined && model !== undefined && made.length > 0) made.push({ name: basename(model), classifier: main })
    return { reference: main ?? made[0]!.classifier, folds: made, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

function parsed (text: string): { patients: string[], directory: string } {
  const at = text.indexOf('=')
  const patients = text.slice(0, Math.max(0, at)).split(',').map(name => name.trim()).filter(name => name !== '')
  const directory = text.slice(at + 1)
  if (patients.length === 0 || directory === '') throw new AppError('usage', `--fold is PATIENT[,PATIENT…]=MODEL-FOLDER, not "${text}"`)
  return { patients, directory }
}

/** The same network with another rule against unlike slices, or none. */
export function withRule (classifier: Classifier, distribution: Distribution | undefined): Classifier {
  const { distribution: _, ...manifest } = classifier.manifest
  const { sha256, engine } = classifier
  return {
    manifest: distribution === undefined ? manifest : { ...manifest, distribution },
    sha256,
    engine,
    classify: (...given) => classifier.classify(...given),
    close: () => classifier.close(),
  }
}

/** Says on stderr which network judges whom, patient by patient. */
export function told (io: CliIo, choose: (patient: string) => Fold): (patient: string) => Fold {
  const known = new Set<string>()
  return patient => {
    const fold = choose(patient)
    if (!known.has(patient)) io.stderr.write(`${patient}: judged by ${fold.name}\n`)
    known.add(patient)
    return fold
  }
}

/** The checker of a model's maps, with a network of shuffled weights that must be closed. */
export async function openMapChecker (
  directory: string, trained: Classifier,
  { maps, step, seed, engine }: { maps: readonly HeatmapMethod[] | undefined, step: number, seed: number, engine: LoadOptions },
): Promise<{ readonly checker: MapChecker, readonly close: () => Promise<void> }> {
  const { manifest } = trained
  const all: readonly HeatmapMethod[] = manifest.evidenceLayer === undefined ? ['grad-cam', 'saliency'] : ['grad-cam', 'saliency', 'evidence']
  const random = await withRandomWeights(directory, manifest, seed, folder => loadModel(folder, engine))
  return { checker: new MapChecker({ trained, random }, maps ?? all, step), close: () => random.close() }
}
