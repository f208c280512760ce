import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs'
import type { TensorFlow } from '../model/tensorflow.ts'

export interface AdamWOptions {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  /** share of a weight that decays per step at learning rate 1; kernels only, never biases or normalisation */
  readonly weightDecay?: number
}

/** Moments in the order of the variables; what `restore` takes. */
export interface AdamWState {
  readonly steps: number
  readonly means: readonly Float32Array[]
  readonly squares: readonly Float32Array[]
}

/** Adam with decoupled weight decay (Kingma & Ba 2015; Loshchilov & Hutter 2019), its state open to be saved and restored. */
export class AdamW {
  readonly #tf: TensorFlow
  readonly #variables: readonly Variable[]
  readonly #options: Required<AdamWOptions>
  readonly #means: Variable[]
  readonly #squares: Variable[]
  #steps = 0

  constructor (tf: TensorFlow, variables: readonly Variable[], options: AdamWOptions = {}) {
    this.#tf = tf
    this.#variables = variables
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options }
    const zeros = (like: Variable): Variable => tf.tidy(() => tf.variable(tf.zeros(like.shape), false))
    this.#means = variables.map(zeros)
    this.#squares = variables.map(zeros)
  }

  /** One step along the gradients, named as their variables are; a variable without one stays as it is. */
  apply (gradients: NamedTensorMap, learningRate: number): void {
    const tf = this.#tf
    const { beta1, beta2, epsilon, weightDecay } = this.#options
    this.#steps++
    const correction1 = 1 - beta1 ** this.#steps
    const correction2 = 1 - beta2 ** this.#steps
    for (const [i, variable] of this.#variables.entries()) {
      const gradient = gradients[variable.name]
      if (gradient === undefined) continue
      const mean = this.#means[i]!
      const square = this.#squares[i]!
      tf.tidy(() => {
        mean.assign(tf.add(tf.mul(mean, beta1), tf.mul(gradient, 1 - beta1)))
        square.assign(tf.add(tf.mul(square, beta2), tf.mul(tf.square(gradient), 1 - beta2)))
        const step: Tensor = tf.div(tf.div(mean, correction1), tf.add(tf.sqrt(tf.div(square, correction2)), epsilon))
        const decayed = variable.rank > 1 ? tf.mul(variable, 1 - learningRate * weightDecay) : variable
        variable.assign(tf.sub(decayed, tf.mul(step, learningRate)))
      })
    }
  }

  state (): AdamWState {
    const values = (variable: Variable): Float32Array => Float32Array.from(variable.dataSync())
    return { steps: this.#steps, means: this.#means.map(values), squares: this.#squares.map(values) }
  }

  restore (state: AdamWState): void {
    this.#steps = state.steps
    const load = (variables: readonly Variable[], saved: readonly Float32Array[]): void => {
      for (const [i, variable] of variables.entries()) {
        this.#tf.tidy(() => variable.assign(this.#tf.tensor(saved[i]!, variable.shape)))
      }
    }
    load(this.#means, state.means)
    load(this.#squares, state.squares)
  }

  dispose (): void {
    for (const variable of [...this.#means, ...this.#squares]) variable.dispose()
  }
}
