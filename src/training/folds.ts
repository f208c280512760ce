import { AppError } from '../errors.ts'
import type { Classifier } from '../model/classifier.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { Judgement } from './evaluation.ts'

/** A network and the patients that it has never seen. */
export interface Fold {
  /** of its model folder */
  readonly name: string
  /** names, or beginnings of names that end in `*`; absent: every patient that no other fold names */
  readonly patients?: readonly string[]
  readonly classifier: Classifier
}

/** One fold in a report. */
export interface FoldFacts {
  readonly name: string
  /** of its manifest */
  readonly sha256: string
  /** that it judged */
  readonly patients: readonly string[]
  readonly slices: number
}

/** Who judged whom, for a report; nothing where one network judged all. */
export function foldFacts (folds: readonly Fold[], { judged }: Judgement): { readonly folds?: readonly FoldFacts[] } {
  if (folds.length === 0) return {}
  return {
    folds: folds.map(({ name, classifier: { sha256 } }) => {
      const own = judged.filter(slice => slice.fold === name)
      return { name, sha256, patients: [...new Set(own.map(slice => slice.patient))], slices: own.length }
    }),
  }
}

/**
 * Gives every patient the network that never saw it.
 * @throws AppError `usage` at once for folds that differ in preprocessing or architecture, or share a patient; later for a patient in no
 *   fold, in two, or seen by the network of its fold
 */
export function foldChooser (folds: readonly Fold[]): (patient: string) => Fold {
  const [first] = folds
  const named = new Set<string>()
  const names = folds.map(fold => fold.name)
  if (new Set(names).size < names.length) throw new AppError('usage', 'the model folders of folds need names of their own')
  for (const { name, patients = [], classifier } of folds) {
    for (const setting of ['architecture', 'preprocessing'] as const) {
      const same = JSON.stringify(classifier.manifest[setting]) === JSON.stringify(first!.classifier.manifest[setting])
      if (!same) throw new AppError('usage', `${name} differs from ${first!.name} in its ${setting}: folds are of one kind`)
    }
    for (const patient of patients) {
      if (named.has(patient)) throw new AppError('usage', `${patient} is in two folds`)
      named.add(patient)
    }
  }
  const known = new Map<string, Fold>()
  return patient => {
    const before = known.get(patient)
    if (before !== undefined) return before
    const found = folds.filter(fold => fold.patients?.some(name => matches(name, patient)))
    if (found.length > 1) throw new AppError('usage', `${patient} is in two folds: ${found.map(fold => fold.name).join(' and ')}`)
    const fold = found[0] ?? folds.find(one => one.patients === undefined)
    if (fold === undefined) throw new AppError('usage', `${patient} is in no fold; name it with --fold, or leave it out`)
    const seen = hasSeen(fold.classifier.manifest, patient)
    if (seen !== undefined) throw new AppError('usage', `${fold.name} must not judge ${patient}: ${seen}`)
    known.set(patient, fold)
    return fold
  }
}

function matches (name: string, patient: string): boolean {
  return name.endsWith('*') ? patient.startsWith(name.slice(0, -1)) : name === patient
}

/**
 * What its manifest says against judging a patient: that it trained on it, chose its weights by it, or left it out of a part of its
 * training only. `undefined`: nothing. Of a labelled set whose columns split the patients a manifest tells no names.
 */
export function hasSeen ({ training: { data, command } }: Pick<ModelManifest, 'training'>, patient: string): string | undefined {
  const trainedOn = data.slice(data.lastIndexOf(':') + 1).split(',').map(name => name.trim())
  if (data.includes(':') && trainedOn.includes(patient)) return 'it was trained on that patient'
  // a model that starts from another one's weights holds that one's command too
  const steps = command.split('; then from its weights: ')
  const namedBy = (step: string, option: string): boolean =>
    [...step.matchAll(new RegExp(`${option}[ =](\\S+)`, 'g'))].some(match => match[1]!.split(',').includes(patient))
  if (steps.some(step => namedBy(step, '--validate'))) return 'that patient chose its weights (--validate)'
  const leftOut = steps.filter(step => namedBy(step, '--leave-out')).length
  return leftOut > 0 && leftOut < steps.length ? 'a part of its training did not leave that patient out' : undefined
}
