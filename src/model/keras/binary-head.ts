import { AppError } from '../../errors.ts'
import type { Weight } from '../layer-graph.ts'
import type { FlatLayer, FlatNetwork } from './flatten-model.ts'

/** Which of a network's outputs is the tuber class: the file does not say. */
export interface HeadMeaning {
  /** Of two softmax units, the one of the tuber class, counted from 0. */
  readonly positiveClass?: number | undefined
  /** Of one sigmoid unit, what a probability of 1 stands for. */
  readonly sigmoidPositive?: 'tuber' | 'control' | undefined
}

export interface Head {
  readonly layers: readonly FlatLayer[]
  readonly weights: ReadonlyMap<string, Weight>
}

/**
 * The same function with one sigmoid unit at its end that gives the probability of a tuber. Two softmax units are one sigmoid of
 * their difference; one that gives the probability of a control is turned by its sign.
 * @throws AppError `model-invalid` for another end, `usage` where the meaning is not given
 */
export function binaryHead ({ layers, output }: FlatNetwork, weights: ReadonlyMap<string, Weight>, meaning: HeadMeaning): Head {
  const last = layers.find(layer => layer.name === output)
  const separate = last !== undefined && last.className !== 'Dense'
  const dense = separate ? layers.find(layer => layer.name === last.inputs[0]) : last
  const activation = last?.className === 'Softmax' ? 'softmax' : last?.config['activation']
  const kernel = weights.get(`${dense?.name ?? ''}/kernel`)
  const linear = !separate || (dense?.config['activation'] ?? 'linear') === 'linear'
  if (last === undefined || dense?.className !== 'Dense' || kernel === undefined || !linear || (activation !== 'sigmoid' && activation !== 'softmax')) {
    throw new AppError('model-invalid', `the network must end in one sigmoid or two softmax units; its last layer ${last?.source.name ?? output} does not`,
      { layer: last?.source.name ?? output })
  }
  const [inputs = 0, units = 0] = kernel.shape
  const signs = signsOf(activation, units, meaning)
  const bias = weights.get(`${dense.name}/bias`)
  const combined = (values: Float32Array, row: number): number =>
    signs.reduce((sum, sign, unit) => sum + sign * (values[row * units + unit] ?? NaN), 0)
  return {
    layers: layers.map(layer => {
      if (layer === dense) return { ...layer, config: { ...layer.config, units: 1, activation: separate ? 'linear' : 'sigmoid' } }
      return layer === last ? { ...layer, className: 'Activation', config: { activation: 'sigmoid' } } : layer
    }),
    weights: new Map([
      ...weights,
      [`${dense.name}/kernel`, { shape: [inputs, 1], values: Float32Array.from({ length: inputs }, (_, row) => combined(kernel.values, row)) }],
      ...bias === undefined ? [] : [[`${dense.name}/bias`, { shape: [1], values: Float32Array.of(combined(bias.values, 0)) }] as const],
    ]),
  }
}

/** What each unit counts for in the tuber's logit. */
function signsOf (activation: 'sigmoid' | 'softmax', units: number, { positiveClass, sigmoidPositive }: HeadMeaning): readonly number[] {
  const usage = (message: string) => new AppError('usage', message)
  if (activation === 'sigmoid') {
    if (units !== 1) throw new AppError('model-invalid', `the network ends in ${units} sigmoid units; one is wanted`, { units })
    if (positiveClass !== undefined) throw usage('the network ends in one sigmoid unit: give --sigmoid-positive, not --positive-class')
    if (sigmoidPositive === undefined) {
      throw usage('the network ends in one sigmoid unit, and the file does not say what its probability is of: give --sigmoid-positive tuber or control')
    }
    return [sigmoidPositive === 'tuber' ? 1 : -1]
  }
  if (units !== 2) throw new AppError('model-invalid', `the network tells ${units} classes apart; two are wanted`, { units })
  if (sigmoidPositive !== undefined) throw usage('the network ends in two softmax units: give --positive-class, not --sigmoid-positive')
  if (positiveClass === undefined) {
    throw usage('the network ends in two softmax units, and the file does not say which is of tubers: give --positive-class 0 or 1')
  }
  return positiveClass === 0 ? [1, -1] : [-1, 1]
}
