import { figures } from './metrics.ts'
import type { EpochFigures } from './trainer.ts'
import { bestEpoch } from './trainer.ts'

/** How one architecture's training went, epoch by epoch. */
export interface LearningCurve {
  readonly architecture: string
  /** 1-based: whose weights were kept */
  readonly bestEpoch: number
  readonly epochs: readonly {
    readonly epoch: number
    /** what was minimised: cross-entropy with smoothed labels, and of evidence-map that of its map */
    readonly trainingObjective: number
    /** the same on the validation patients */
    readonly validationObjective: number
    /** cross-entropy of the image label alone, without smoothing: what chooses the weights */
    readonly validationLoss: number
    /** on the validation patients; null where one class is missing */
    readonly validationAuc: number | null
  }[]
}

/** @param labels of the validation slices, in the order of the probabilities */
export function learningCurve (architecture: string, history: readonly EpochFigures[], labels: readonly number[]): LearningCurve {
  return {
    architecture,
    bestEpoch: bestEpoch(history).epoch,
    epochs: history.map(({ epoch, trainingObjective, objective, loss, probabilities }) => {
      const judged = probabilities.map((probability, i) => {
        const label: 0 | 1 = labels[i] === 1 ? 1 : 0
        return { probability, label, patient: '' }
      })
      const { auc } = figures(judged, 0.5)
      const validationAuc = Number.isFinite(auc) ? auc : null
      return { epoch, trainingObjective, validationObjective: objective, validationLoss: loss, validationAuc }
    }),
  }
}
