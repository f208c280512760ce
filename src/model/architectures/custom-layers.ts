import type { Shape, Tensor, Tensor4D, layers, serialization } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'

type Layer = layers.Layer
type Initializer = ReturnType<TensorFlow['initializers']['heNormal']>

/** The class names under which the two layers stand in model.json. */
export const dilatedConv2dClass = 'DilatedConv2D'
export const logMeanExpPooling2dClass = 'LogMeanExpPooling2D'

export interface DilatedConv2dConfig {
  readonly name?: string
  readonly filters: number
  /** Both sides of the kernel, odd. */
  readonly kernelSize: number
  /** Distance of the kernel's taps, in cells. */
  readonly dilationRate: number
  readonly kernelInitializer?: Initializer
}

export interface LogMeanExpConfig {
  readonly name?: string
  /** 0 < sharpness: near 0 the mean, towards infinity the maximum. */
  readonly sharpness: number
}

export interface CustomLayers {
  /** Convolution, stride 1, SAME, no bias, dilated. TensorFlow.js has no gradient for a dilated Conv2D. */
  dilatedConv2d (config: DilatedConv2dConfig): Layer
  /** Smooth maximum of each channel's map: ln(mean(exp(sharpness · x))) / sharpness; [N, H, W, C] → [N, C]. */
  logMeanExpPooling2d (config: LogMeanExpConfig): Layer
}

/** Makes the two layer classes of this project known to TensorFlow.js, so that models with them can be built and loaded. */
export function registerCustomLayers (tf: TensorFlow): CustomLayers {
  const only = (inputs: Tensor | Tensor[]): Tensor => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs
    if (input === undefined) throw new Error('a layer was called without an input')
    return input
  }

  class DilatedConv2D extends tf.layers.Layer {
    static readonly className = dilatedConv2dClass
    readonly options: DilatedConv2dConfig
    kernel: ReturnType<Layer['addWeight']> | undefined

    constructor (options: DilatedConv2dConfig) {
      super(options)
      this.options = options
    }

    override build (inputShape: Shape | Shape[]): void {
      const { kernelSize, filters, kernelInitializer } = this.options
      const channels = (inputShape as Shape)[3] ?? 0
      const initializer = kernelInitializer ?? tf.initializers.heNormal({})
      this.kernel = this.addWeight('kernel', [kernelSize, kernelSize, channels, filters], 'float32', initializer)
      this.built = true
    }

    override computeOutputShape (inputShape: Shape | Shape[]): Shape {
      return [...(inputShape as Shape).slice(0, 3), this.options.filters]
    }

    override call (inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const input = only(inputs) as Tensor4D
        const rate = this.options.dilationRate
        const [, height, width] = input.shape
        // every rate-th row and column becomes a picture of its own, convolved without dilation: same sums, and differentiable
        const beyond = (size: number): [number, number] => [0, (rate - size % rate) % rate]
        const paddings = [beyond(height), beyond(width)]
        const kernel = this.kernel?.read() as Tensor4D
        const phases = tf.spaceToBatchND(input, [rate, rate], paddings)
        return tf.batchToSpaceND(tf.conv2d(phases, kernel, 1, 'same'), [rate, rate], paddings)
      })
    }

    override getConfig (): serialization.ConfigDict {
      const { filters, kernelSize, dilationRate } = this.options
      return { ...super.getConfig(), filters, kernelSize, dilationRate }
    }
  }

  class LogMeanExpPooling2D extends tf.layers.Layer {
    static readonly className = logMeanExpPooling2dClass
    readonly sharpness: number

    constructor (options: LogMeanExpConfig) {
      super(options)
      this.sharpness = options.sharpness
    }

    override computeOutputShape (inputShape: Shape | Shape[]): Shape {
      const [batch = null, , , channels = null] = inputShape as Shape
      return [batch, channels]
    }

    override call (inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const input = only(inputs) as Tensor4D
        const cells = input.shape[1] * input.shape[2]
        return tf.div(tf.sub(tf.logSumExp(tf.mul(input, this.sharpness), [1, 2]), Math.log(cells)), this.sharpness)
      })
    }

    override getConfig (): serialization.ConfigDict {
      return { ...super.getConfig(), sharpness: this.sharpness }
    }
  }

  tf.serialization.registerClass(DilatedConv2D)
  tf.serialization.registerClass(LogMeanExpPooling2D)
  return {
    dilatedConv2d: config => new DilatedConv2D(config),
    logMeanExpPooling2d: config => new LogMeanExpPooling2D(config),
  }
}
