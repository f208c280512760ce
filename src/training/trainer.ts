import type { LayersModel, Scalar, SymbolicTensor, Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs'
import { AppError } from '../errors.ts'
import type { TensorFlow } from '../model/tensorflow.ts'
import { AdamW } from './adamw.ts'
import type { BatchSource } from './batch-source.ts'
import type { Checkpoint } from './checkpoint.ts'
import { imageLoss, mapLoss } from './loss.ts'
import { oneCycle } from './one-cycle.ts'
import type { TrainingBatch } from './training-batch.ts'
import { cellSize } from './training-batch.ts'

/** A network as the trainer sees it. */
export interface Trainee {
  readonly model: LayersModel
  readonly logitLayer: string
  /** the one-channel map that masks supervise, where the network has one */
  readonly evidenceLayer?: string
}

export interface TrainingPlan {
  readonly epochs: number
  readonly stepsPerEpoch: number
  /** peak of the one-cycle schedule, or the constant rate */
  readonly learningRate: number
  readonly schedule: 'one-cycle' | 'constant'
  readonly weightDecay: number
  /** of the image label, 0 to 0.5: 0.02 asks for 0.02 and 0.98 instead of 0 and 1 */
  readonly labelSmoothing: number
  /** epochs without a lower validation loss after which training ends; absent: it never ends early */
  readonly patience?: number | undefined
  /** names the whole plan, data included, in the checkpoint */
  readonly fingerprint: string
}

/** What an epoch came to. `loss` is the image label's cross-entropy without smoothing; `objective` what was minimised. */
export interface EpochFigures {
  readonly epoch: number
  readonly trainingObjective: number
  readonly objective: number
  readonly loss: number
  readonly probabilities: readonly number[]
}

export interface TrainingHooks {
  readonly signal?: AbortSignal
  readonly onStep?: (step: number, steps: number, objective: number) => void
  /** with all epochs so far, this one last */
  readonly onEpoch?: (figures: EpochFigures, best: boolean, history: readonly EpochFigures[]) => void | Promise<void>
  /** called at the end of each epoch */
  readonly save?: (checkpoint: Checkpoint) => Promise<void>
  readonly resume?: Checkpoint | undefined
}

/**
 * Trains in place and leaves the weights of the lowest validation loss in the model.
 * @throws AppError `interrupted`, `engine-failed` where the loss is no longer a number
 */
export async function train (
  tf: TensorFlow, trainee: Trainee, plan: TrainingPlan, training: BatchSource, validation: readonly TrainingBatch[],
  hooks: TrainingHooks = {},
): Promise<EpochFigures[]> {
  const network = withLogits(tf, trainee)
  const variables = variablesOf(trainee.model)
  const optimizer = new AdamW(tf, variables, { weightDecay: plan.weightDecay })
  const { signal, resume } = hooks
  const history = [...(resume?.history ?? [])]
  let best = resume?.bestWeights ?? weightsOf(trainee.model)
  if (resume !== undefined) {
    setWeights(tf, trainee.model, resume.weights)
    optimizer.restore(resume.optimizer)
  }
  const steps = plan.epochs * plan.stepsPerEpoch
  try {
    for (let epoch = history.length; epoch < plan.epochs && !isExhausted(history, plan.patience); epoch++) {
      let sum = 0
      for (let i = 0; i < plan.stepsPerEpoch; i++) {
        if (signal?.aborted === true) throw new AppError('interrupted', 'the training was interrupted')
        const step = epoch * plan.stepsPerEpoch + i
        const batch = await training.batch(step)
        const rate = plan.schedule === 'one-cycle' ? oneCycle(step, steps, plan.learningRate) : plan.learningRate
        const objective = trainStep(tf, network, trainee, variables, optimizer, batch, rate, plan.labelSmoothing)
        if (!Number.isFinite(objective)) throw new AppError('engine-failed', 'the training loss is no longer a number; take a smaller learning rate')
        sum += objective
        hooks.onStep?.(step + 1, steps, objective)
      }
      const figures: EpochFigures = {
        epoch: epoch + 1,
        trainingObjective: sum / plan.stepsPerEpoch,
        ...validate(tf, network, trainee, validation, plan.labelSmoothing),
      }
      const isBest = history.every(earlier => figures.loss < earlier.loss)
      if (isBest) best = weightsOf(trainee.model)
      history.push(figures)
      await hooks.save?.({
        plan: plan.fingerprint, weights: weightsOf(trainee.model), bestWeights: best, optimizer: optimizer.state(), history,
      })
      await hooks.onEpoch?.(figures, isBest, history)
    }
  } finally {
    optimizer.dispose()
  }
  setWeights(tf, trainee.model, best)
  return history
}

/** Whether the lowest validation loss lies `patience` epochs back. */
function isExhausted (history: readonly EpochFigures[], patience = Infinity): boolean {
  return history.length > 0 && history.length - bestEpoch(history).epoch >= patience
}

/** The first epoch of the lowest validation loss. */
export function bestEpoch (history: readonly EpochFigures[]): EpochFigures {
  return history.reduce((lowest, epoch) => epoch.loss < lowest.loss ? epoch : lowest)
}

/** The same layers with the logit, and the evidence map where there is one, as outputs. */
function withLogits (tf: TensorFlow, { model, logitLayer, evidenceLayer }: Trainee): LayersModel {
  const names = evidenceLayer === undefined ? [logitLayer] : [logitLayer, evidenceLayer]
  return tf.model({ inputs: model.inputs, outputs: names.map(name => model.getLayer(name).output as SymbolicTensor) })
}

function trainStep (
  tf: TensorFlow, network: LayersModel, trainee: Trainee, variables: readonly Variable[], optimizer: AdamW,
  batch: TrainingBatch, rate: number, labelSmoothing: number,
): number {
  return tf.tidy(() => {
    const objective = (): Scalar => objectiveOf(tf, network, trainee, batch, labelSmoothing, true).objective
    const { value, grads } = tf.variableGrads(objective, [...variables])
    optimizer.apply(grads, rate)
    return value.dataSync()[0]!
  })
}

interface Objective { readonly objective: Scalar, readonly logits: Tensor }

function objectiveOf (
  tf: TensorFlow, network: LayersModel, trainee: Trainee, batch: TrainingBatch, labelSmoothing: number, training: boolean,
): Objective {
  const [, height = 0, width = 0, channels = 0] = network.inputs[0]!.shape
  const pictures: Tensor4D = tf.tensor4d(batch.pictures, [batch.count, height!, width!, channels!])
  const labels: Tensor2D = tf.tensor2d(batch.labels, [batch.count, 1])
  const outputs = network.apply(pictures, { training }) as Tensor | Tensor[]
  const [logits, evidence] = Array.isArray(outputs) ? outputs as [Tensor, Tensor?] : [outputs, undefined]
  const image = imageLoss(tf, logits, labels, labelSmoothing)
  if (trainee.evidenceLayer === undefined || evidence === undefined) return { objective: image, logits }
  const cells = tf.tensor4d(batch.cells, [batch.count, Math.floor(height! / cellSize), Math.floor(width! / cellSize), 1])
  return { objective: tf.add(image, mapLoss(tf, evidence, cells)), logits }
}

function validate (
  tf: TensorFlow, network: LayersModel, trainee: Trainee, batches: readonly TrainingBatch[], labelSmoothing: number,
): { objective: number, loss: number, probabilities: number[] } {
  let objective = 0
  let loss = 0
  let count = 0
  const probabilities: number[] = []
  for (const batch of batches) {
    const { value, logits } = tf.tidy(() => {
      const made = objectiveOf(tf, network, trainee, batch, labelSmoothing, false)
      return { value: made.objective.dataSync()[0]!, logits: Float32Array.from(made.logits.dataSync()) }
    })
    objective += value * batch.count
    count += batch.count
    for (const [i, logit] of logits.entries()) {
      loss += Math.max(logit, 0) - logit * batch.labels[i]! + Math.log1p(Math.exp(-Math.abs(logit)))
      probabilities.push(1 / (1 + Math.exp(-logit)))
    }
  }
  return { objective: objective / count, loss: loss / count, probabilities }
}

/** What a layer reads its weights from is the variable itself (LayerVariable.read), though its type says tensor. */
function variablesOf (model: LayersModel): Variable[] {
  return model.trainableWeights.map(weight => weight.read()) as unknown[] as Variable[]
}

/** All weights, normalisation statistics too, in the model's order. */
export function weightsOf (model: LayersModel): Float32Array[] {
  return model.weights.map(weight => Float32Array.from(weight.read().dataSync()))
}

/** @throws AppError `training-data-invalid` where the shapes are another model's */
export function setWeights (tf: TensorFlow, model: LayersModel, values: readonly Float32Array[]): void {
  if (values.length !== model.weights.length) throw new AppError('training-data-invalid', 'the saved weights belong to another architecture')
  tf.tidy(() => {
    for (const [i, weight] of model.weights.entries()) weight.write(tf.tensor(values[i]!, weight.shape as number[]))
  })
}
