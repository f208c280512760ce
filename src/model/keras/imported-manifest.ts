import type { Preprocessing } from '../../imaging/preprocessing.ts'
import type { ModelDescription } from '../write-layers-model.ts'
import type { ImportedNetwork } from './keras-import.ts'

export interface ImportedManifestOptions {
  readonly network: ImportedNetwork
  readonly name: string
  readonly version: string
  readonly preprocessing: Preprocessing
  readonly threshold: number
  readonly gradCamLayer?: string | undefined
  readonly age: { readonly minimum: number, readonly maximum: number }
  readonly trainingData?: string | undefined
  readonly intendedUse?: string | undefined
  readonly licence?: string | undefined
  /** Of the Keras file, in hexadecimal. */
  readonly sha256: string
  readonly command: string
  readonly softwareVersion: string
}

/** The manifest of a network from a Keras file: what the file does not say is said to be unknown, and nothing is calibrated. */
export function importedManifest (options: ImportedManifestOptions): ModelDescription {
  const { network } = options
  const keras = network.kerasVersion === undefined ? 'Keras' : `Keras ${network.kerasVersion}`
  return {
    name: options.name,
    version: options.version,
    architecture: network.architecture,
    preprocessing: { ...options.preprocessing, width: network.width, height: network.height },
    output: { positiveClass: 'tuber', threshold: options.threshold },
    gradCamLayer: options.gradCamLayer ?? network.gradCamLayer,
    seriesRule: { kind: 'count', positive: 1, consecutive: 1 },
    age: { ...options.age, undeterminedBelow: 2 },
    training: {
      data: `${options.trainingData ?? 'Not known to this program.'} Weights of a ${keras} file, sha256 ${options.sha256}.`,
      command: options.command,
      seed: 0,
      softwareVersion: options.softwareVersion,
    },
    metrics: {},
    intendedUse: options.intendedUse ?? 'Research use only. Not for diagnosis. Imported from a Keras file and not evaluated by this program.',
    limits: [
      'Not evaluated here: measure it on your own labelled slices with tuberlens evaluate before any use.',
      'Threshold and series rule are not calibrated; one positive slice makes a series positive until evaluate --write sets them.',
      'The preprocessing was chosen at the import; another than the one of the training makes the probabilities meaningless.',
    ],
    licence: options.licence ?? 'Not stated. Ask whoever made the weights.',
  }
}
