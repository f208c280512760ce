import { z } from 'zod'
import { AppError } from '../errors.ts'
import { dilatedConv2dClass, logMeanExpPooling2dClass } from './architectures/custom-layers.ts'
import type { ActivationFunction, Operation, Weight } from './layer-graph.ts'

/** A layer's operation, and the activation that Keras fuses into it. */
export interface ConfiguredLayer { readonly operation: Operation, readonly activation: ActivationFunction }

type Config = Readonly<Record<string, unknown>>
type Configure = (config: Config, weight: (name: string) => Weight, channels: number) => Operation | ConfiguredLayer

const pair = z.union([z.int().positive().transform(n => [n, n] as const), z.tuple([z.int().positive(), z.int().positive()])])
const padding = z.enum(['same', 'valid'])
const channelsLast = z.literal('channels_last').default('channels_last')
const activation = z.enum(['linear', 'relu', 'sigmoid']).nullish().transform(value => value ?? 'linear')

const convolution = z.object({
  strides: pair.default([1, 1]),
  dilation_rate: pair.default([1, 1]),
  padding,
  data_format: channelsLast,
  use_bias: z.boolean().default(true),
  activation,
})
const dilatedConvolution = z.object({ dilation_rate: z.int().positive() })
const pooling = z.object({ pool_size: pair, strides: pair.nullish(), padding, data_format: channelsLast })
const globalPooling = z.object({ data_format: channelsLast, keepdims: z.literal(false).default(false) })
const normalization = z.object({
  axis: z.union([z.literal(-1), z.literal(3), z.tuple([z.literal(3)])]),
  epsilon: z.number().positive(),
  center: z.boolean(),
  scale: z.boolean(),
})
const rescaling = z.object({ scale: z.number(), offset: z.number().default(0) })
const dense = z.object({ use_bias: z.boolean().default(true), activation })
const concatenate = z.object({ axis: z.union([z.literal(-1), z.literal(3)]) })
const paddingSides = z.tuple([z.int().nonnegative(), z.int().nonnegative()])
const zeroPadding = z.object({ padding: z.tuple([paddingSides, paddingSides]), data_format: channelsLast })

const pool = (kind: 'max-pooling' | 'average-pooling'): Configure => config => {
  const { pool_size: poolSize, strides, padding } = pooling.parse(config)
  return { kind, poolSize, strides: strides ?? poolSize, padding }
}

/** Keras's class names, and what each asks of its configuration. */
const classes: ReadonlyMap<string, Configure> = new Map<string, Configure>([
  ['Conv2D', (config, weight) => {
    const { strides, dilation_rate: dilations, padding, use_bias: biased, activation } = convolution.parse(config)
    const bias = biased ? weight('bias').values : undefined
    return { operation: { kind: 'convolution', kernel: weight('kernel'), bias, strides, dilations, padding }, activation }
  }],
  [dilatedConv2dClass, (config, weight) => {
    const { dilation_rate: rate } = dilatedConvolution.parse(config)
    return { kind: 'convolution', kernel: weight('kernel'), strides: [1, 1], dilations: [rate, rate], padding: 'same' }
  }],
  ['BatchNormalization', (config, weight) => {
    const { epsilon, center, scale } = normalization.parse(config)
    const mean = weight('moving_mean').values
    const variance = weight('moving_variance').values
    const gamma = scale ? weight('gamma').values : mean.map(() => 1)
    const beta = center ? weight('beta').values : mean.map(() => 0)
    const factor = gamma.map((value, channel) => value / Math.sqrt((variance[channel] ?? NaN) + epsilon))
    return {
      kind: 'affine', scale: factor, shift: beta.map((value, channel) => value - (mean[channel] ?? NaN) * (factor[channel] ?? NaN)),
    }
  }],
  ['Rescaling', (config, _weight, channels) => {
    const { scale, offset } = rescaling.parse(config)
    return { kind: 'affine', scale: new Float32Array(channels).fill(scale), shift: new Float32Array(channels).fill(offset) }
  }],
  ['Dense', (config, weight) => {
    const { use_bias: biased, activation } = dense.parse(config)
    return { operation: { kind: 'dense', kernel: weight('kernel'), bias: biased ? weight('bias').values : undefined }, activation }
  }],
  ['Activation', config => ({ kind: 'activation', activation: activation.parse(config['activation']) })],
  ['ReLU', config => {
    z.object({ max_value: z.null().optional() }).parse(config)
    return { kind: 'activation', activation: 'relu' }
  }],
  ['MaxPooling2D', pool('max-pooling')],
  ['AveragePooling2D', pool('average-pooling')],
  ['GlobalAveragePooling2D', config => {
    globalPooling.parse(config)
    return { kind: 'global-average-pooling' }
  }],
  ['Flatten', () => ({ kind: 'reshape' })],
  ['Reshape', () => ({ kind: 'reshape' })],
  ['ZeroPadding2D', config => {
    const { padding: [[top, bottom], [left, right]] } = zeroPadding.parse(config)
    return { kind: 'zero-padding', top, bottom, left, right }
  }],
  ['Add', () => ({ kind: 'add' })],
  ['Concatenate', config => {
    concatenate.parse(config)
    return { kind: 'concatenate' }
  }],
  [logMeanExpPooling2dClass, config => ({ kind: 'log-mean-exp', sharpness: z.number().positive().parse(config['sharpness']) })],
  ['Dropout', () => ({ kind: 'identity' })],
  ['SpatialDropout2D', () => ({ kind: 'identity' })],
  ['GaussianNoise', () => ({ kind: 'identity' })],
])

/**
 * @param channels of the layer's input
 * @param weight gives the layer's weight of a name, such as `kernel`
 * @throws AppError `model-invalid` for a class or a setting that this program does not compute
 */
export function configureLayer (
  name: string, className: string, config: Config, channels: number, weight: (name: string) => Weight,
): ConfiguredLayer {
  const configure = classes.get(className)
  if (configure === undefined) {
    throw new AppError('model-invalid', `layer ${name} is a ${className}, which this program does not know`, { layer: name, class: className })
  }
  try {
    const configured = configure(config, weight, channels)
    return 'operation' in configured ? configured : { operation: configured, activation: 'linear' }
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause
    const where = cause.issues[0]?.path.join('.') ?? ''
    throw new AppError('model-invalid', `layer ${name} (${className}): its setting ${where} is not supported`,
      { layer: name, class: className }, { cause })
  }
}

/**
 * The shape after a Flatten or Reshape.
 * @throws AppError `model-invalid` where the number of values changes
 */
export function reshaped (name: string, className: string, config: Config, input: readonly number[]): readonly number[] {
  const count = input.reduce((product, length) => product * length, 1)
  if (className === 'Flatten') return [count]
  const target = z.array(z.int().nullable()).safeParse(config['target_shape']).data ?? []
  const known = target.reduce<number>((product, length) => length === null || length < 0 ? product : product * length, 1)
  const shape = target.map(length => length === null || length < 0 ? count / known : length)
  if ((shape.length !== 1 && shape.length !== 3) || shape.reduce((product, length) => product * length, 1) !== count) {
    throw new AppError('model-invalid', `layer ${name} cannot make ${shape.join('×')} of ${input.join('×')}`, { layer: name })
  }
  return shape
}
