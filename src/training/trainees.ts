import { AppError } from '../errors.ts'
import * as evidenceMap from '../model/architectures/evidence-map.ts'
import * as inceptionV3 from '../model/architectures/inception-v3.ts'
import * as resnet50 from '../model/architectures/resnet-50.ts'
import * as tscCnn from '../model/architectures/tsc-cnn.ts'
import type { Architecture } from '../model/manifest.ts'
import type { TensorFlow } from '../model/tensorflow.ts'
import type { Trainee } from './trainer.ts'

/** The architectures that can be trained from nothing. */
export const trainable = ['evidence-map', 'tsc-cnn', 'inception-v3', 'resnet-50'] as const satisfies readonly Architecture[]
export type TrainableArchitecture = typeof trainable[number]

export interface NewTrainee extends Trainee { readonly gradCamLayer: string }

/** A network with fresh weights. `small`: a quarter of the filters, of the backbones an eighth, for tests and first tries. */
export function newTrainee (
  tf: TensorFlow, architecture: TrainableArchitecture, { size, seed, small = false }: {
    size: number,
    seed: number,
    small?: boolean,
  },
): NewTrainee {
  const inputShape = [size, size, 3] as const
  switch (architecture) {
    case 'evidence-map': return {
      model: evidenceMap.build(tf, { inputShape, seed, ...(small ? { filters: 4 } : {}) }),
      logitLayer: evidenceMap.logitLayerName,
      evidenceLayer: evidenceMap.evidenceLayerName,
      gradCamLayer: evidenceMap.gradCamLayerName,
    }
    case 'tsc-cnn': return {
      model: tscCnn.build(tf, { inputShape, seed, ...(small ? { filters: 8, units: 32 } : {}) }),
      logitLayer: tscCnn.logitLayerName,
      gradCamLayer: tscCnn.gradCamLayerName,
    }
    case 'inception-v3': return {
      model: inceptionV3.build(tf, { inputShape, seed, ...(small ? { width: 1 / 8 } : {}) }),
      logitLayer: inceptionV3.logitLayerName,
      gradCamLayer: inceptionV3.gradCamLayerName,
    }
    case 'resnet-50': return {
      model: resnet50.build(tf, { inputShape, seed, ...(small ? { width: 1 / 8 } : {}) }),
      logitLayer: resnet50.logitLayerName,
      gradCamLayer: resnet50.gradCamLayerName,
    }
  }
}

/** Reads `--architecture`. @throws AppError `usage` */
export function architecturesNamed (name: string): TrainableArchitecture[] {
  if (name === 'all') return [...trainable]
  const found = trainable.find(known => known === name)
  if (found === undefined) throw new AppError('usage', `--architecture is one of ${trainable.join(', ')}, all; not ${name}`)
  return [found]
}
