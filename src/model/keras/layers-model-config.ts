import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { FlatLayer } from './flatten-model.ts'

/** Of one layer, what its configuration alone does not tell. */
export interface LayerSurroundings {
  /** Whether it reads units instead of a map. */
  readonly inputIsFlat: boolean
  /** Rows and columns of the picture where the network leaves them open. */
  readonly size: number
}

type Config = Readonly<Record<string, unknown>>

/** Settings that pass as they are, by class. What else Keras writes concerns training. */
const settings: Readonly<Record<string, readonly string[]>> = {
  Conv2D: ['filters', 'kernel_size', 'strides', 'padding', 'data_format', 'dilation_rate', 'activation', 'use_bias'],
  Dense: ['units', 'activation', 'use_bias'],
  BatchNormalization: ['epsilon', 'center', 'scale'],
  Activation: ['activation'],
  ReLU: [],
  MaxPooling2D: ['pool_size', 'strides', 'padding', 'data_format'],
  AveragePooling2D: ['pool_size', 'strides', 'padding', 'data_format'],
  GlobalAveragePooling2D: ['data_format'],
  Flatten: ['data_format'],
  Reshape: ['target_shape'],
  ZeroPadding2D: ['padding', 'data_format'],
  Add: [],
  Concatenate: ['axis'],
  Rescaling: ['scale', 'offset'],
}

/** Settings that change what a layer computes, and the only values of them that are computed here. */
const only: Readonly<Record<string, readonly (readonly [setting: string, schema: z.ZodType])[]>> = {
  Conv2D: [['groups', z.literal(1)]],
  ReLU: [['max_value', z.null()], ['negative_slope', z.literal(0)], ['threshold', z.literal(0)]],
  BatchNormalization: [['renorm', z.literal(false)]],
  GlobalAveragePooling2D: [['keepdims', z.literal(false)]],
  Flatten: [['data_format', z.literal('channels_last')]],
}

const side = z.int().positive()
const inputShape = z.tuple([z.null(), side.nullable(), side.nullable(), side])

/** @throws AppError `model-invalid` for the first layer of a class that cannot be imported */
export function checkClasses (layers: readonly FlatLayer[]): void {
  for (const { className, source } of layers) {
    // a softmax is imported where it ends the network, as a sigmoid
    if (className !== 'InputLayer' && className !== 'Softmax' && !Object.hasOwn(settings, className)) throw unknown(source.name, className)
  }
}

function unknown (layer: string, className: string): AppError {
  return new AppError('model-invalid', `layer ${layer} is a ${className}, which cannot be imported`, { layer, class: className })
}

/**
 * A layer's configuration as TensorFlow.js and this program read it.
 * @throws AppError `model-invalid` for a class or a setting that is not computed here
 */
export function layersModelConfig ({ className, config, source }: FlatLayer, { inputIsFlat, size }: LayerSurroundings): Config {
  const unsupported = (setting: string) => new AppError('model-invalid', `layer ${source.name} (${className}): its setting ${setting} is not supported`,
    { layer: source.name, class: className })
  if (className === 'InputLayer') {
    const shape = inputShape.safeParse(config['shape']).data
    if (shape === undefined) throw new AppError('model-invalid', `layer ${source.name}: the network does not read pictures of rows, columns and channels`, { layer: source.name })
    return { batch_input_shape: [null, shape[1] ?? size, shape[2] ?? size, shape[3]], dtype: 'float32', sparse: false }
  }
  const known = settings[className]
  if (known === undefined) throw unknown(source.name, className)
  for (const [setting, schema] of only[className] ?? []) {
    if (!schema.optional().safeParse(config[setting]).success) throw unsupported(setting)
  }
  const passed = Object.fromEntries(known.flatMap(setting => config[setting] === undefined ? [] : [[setting, config[setting]]]))
  if (className === 'BatchNormalization') {
    // Keras 2 writes the axis it found, in a list
    const axis = [config['axis'] ?? -1].flat()
    if (axis.length !== 1 || (axis[0] !== -1 && axis[0] !== (inputIsFlat ? 1 : 3))) throw unsupported('axis')
    return { ...passed, axis: -1 }
  }
  return passed
}
