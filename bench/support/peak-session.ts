import { loadOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { encodeModel, type Model } from '../../src/model/onnx/messages.ts'
import { GraphBuilder } from '../../src/model/onnx/graph-builder.ts'

/** One operation of a shape that suits the processor, to be run again and again. */
export interface PeakSession {
  readonly name: string
  /** Of one run. */
  readonly multiplyAdds: number
  readonly run: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What the runtime's own kernels reach where nothing holds them up: a large matrix product, and a convolution of many channels. */
export async function openPeakSessions (threads: number): Promise<PeakSession[]> {
  return [await matrixProduct(1024, threads), await convolution(56, 128, threads)]
}

/** Square matrices, the second a constant, as weights are. */
async function matrixProduct (side: number, threads: number): Promise<PeakSession> {
  const builder = new GraphBuilder()
  const weights = builder.constant('weights', () => ({ shape: [side, side], values: numbers(side * side) }))
  builder.op('MatMul', ['input', weights], {}, 'output')
  return await open(`matrix product ${side}`, builder, [side, side], side ** 3, threads)
}

/** 3 × 3, as many channels out as in. */
async function convolution (size: number, channels: number, threads: number): Promise<PeakSession> {
  const builder = new GraphBuilder()
  const weights = builder.constant('weights', () => ({ shape: [channels, channels, 3, 3], values: numbers(channels ** 2 * 9) }))
  builder.op('Conv', ['input', weights], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, 'output')
  return await open(`convolution ${size} × ${size} × ${channels}`, builder, [1, channels, size, size], size ** 2 * channels ** 2 * 9, threads)
}

async function open (
  name: string, { nodes, initializers }: GraphBuilder, shape: readonly number[], multiplyAdds: number, threads: number,
): Promise<PeakSession> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime()
  const output = { name: 'output', type: 'float', shape: shape.map((_, axis) => `o${axis}`) } as const
  const model: Model = { nodes, initializers, inputs: [{ name: 'input', type: 'float', shape }], outputs: [output] }
  const { bytes, externalData } = encodeModel(model)
  const session = await InferenceSession.create(bytes, {
    externalData,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // as the networks' sessions: threads that spin would take the time of those measured next
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const input = new Tensor('float32', numbers(shape.reduce((product, length) => product * length, 1)), shape)
  return {
    name,
    multiplyAdds,
    run: async () => { for (const tensor of Object.values(await session.run({ input }))) tensor.dispose() },
    close: async () => await session.release(),
  }
}

/** From -0.5 to 0.5, none of them tiny. */
function numbers (count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32 - 0.5)
}
