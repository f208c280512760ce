import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { ModelDescription } from '../model/write-layers-model.ts'
import type { Candidate, TrainingData } from './training-session.ts'

export interface NewManifestOptions {
  readonly candidate: Candidate
  readonly preprocessing: Preprocessing
  readonly command: string
  readonly seed: number
  readonly softwareVersion: string
  readonly trainingPatients: readonly string[]
  readonly data: TrainingData
  /** what the model whose weights training started from was trained on */
  readonly startedFrom?: string | undefined
  readonly name: string
  readonly version: string
}

/** The manifest of a network just trained: threshold 0.5 and one positive slice, until `evaluate --write` calibrates both. */
export function newManifest (options: NewManifestOptions): ModelDescription {
  const { candidate, preprocessing, data } = options
  const { validation, trainee } = candidate
  return {
    name: options.name,
    version: options.version,
    architecture: candidate.architecture,
    preprocessing,
    output: { positiveClass: 'tuber', threshold: 0.5 },
    gradCamLayer: trainee.gradCamLayer,
    ...trainee.evidenceLayer === undefined ? {} : { evidenceLayer: trainee.evidenceLayer },
    seriesRule: { kind: 'count', positive: 1, consecutive: 1 },
    age: { minimum: 5, maximum: 60, undeterminedBelow: 2 },
    training: {
      data: sourceOf(data, options.trainingPatients, options.startedFrom),
      command: options.command,
      seed: options.seed,
      softwareVersion: options.softwareVersion,
    },
    metrics: Object.fromEntries(Object.entries<number>({ ...validation }).filter(([, value]) => Number.isFinite(value))
      .map(([name, value]) => [`validation.${name}`, Number(value.toFixed(4))])),
    intendedUse: 'Research use only. Marks axial T2 and FLAIR slices that may show conspicuous cortical tubers. Not for diagnosis.',
    limits: limits(data),
    licence: 'Apache-2.0',
  }
}

/** The names come last, behind a colon, those of the model that training started from too: `evaluate` refuses to judge them. */
function sourceOf (data: TrainingData, patients: readonly string[], startedFrom: string | undefined): string {
  const own = data.kind === 'labelled'
    ? `labelled pictures of ${patients.length} ${patients.length === 1 ? 'patient' : 'patients'}`
    : 'synthetic tubers drawn on label maps and real tuber-free slices'
  const colon = startedFrom?.lastIndexOf(':') ?? -1
  const [what, earlier] = colon < 0 ? [startedFrom, []] : [startedFrom!.slice(0, colon), startedFrom!.slice(colon + 1).split(',')]
  const named = [...data.kind === 'labelled' ? [] : patients, ...earlier.map(name => name.trim())]
  const all = what === undefined ? own : `${own}, from the weights of a model trained on ${what}`
  return named.length === 0 ? all : `${all}: ${[...new Set(named)].join(', ')}`
}

function limits (data: TrainingData): string[] {
  return [
    ...data.kind === 'synthetic' ? ['Trained on synthetic tubers only; never measured on a real one.'] : [],
    'Subtle and small tubers are missed.',
    'Lesions of multiple sclerosis, tumours and strokes are called tubers.',
    'Immature myelination (young children) was not trained on.',
  ]
}
