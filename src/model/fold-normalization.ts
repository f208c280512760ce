import type { Layer, LayerGraph, OperationOf } from './layer-graph.ts'

/**
 * Draws each batch normalisation into the convolution before it, where nothing else reads that convolution: the same
 * function in fewer steps.
 * @param kept names of layers whose output is wanted for itself, so that they stay
 */
export function foldNormalization (graph: LayerGraph, kept: ReadonlySet<string>): LayerGraph {
  const readers = new Map<string, number>()
  for (const layer of graph.layers) for (const input of layer.inputs) readers.set(input, (readers.get(input) ?? 0) + 1)
  const byName = new Map(graph.layers.map(layer => [layer.name, layer]))
  const gone = new Set<string>()
  const layers = graph.layers.map(layer => {
    const before = byName.get(layer.inputs[0] ?? '')
    if (layer.operation.kind !== 'affine' || before?.operation.kind !== 'convolution') return layer
    if (kept.has(before.name) || readers.get(before.name) !== 1) return layer
    gone.add(before.name)
    return { ...layer, inputs: before.inputs, operation: folded(before.operation, layer.operation) } satisfies Layer
  })
  return { ...graph, layers: layers.filter(layer => !gone.has(layer.name)) }
}

function folded (convolution: OperationOf<'convolution'>, { scale, shift }: OperationOf<'affine'>): OperationOf<'convolution'> {
  const { kernel, bias } = convolution
  const filters = scale.length
  const values = new Float32Array(kernel.values.length)
  // the filter is the last axis of TensorFlow's kernels
  for (let start = 0; start < values.length; start += filters) {
    for (let filter = 0; filter < filters; filter++) values[start + filter] = kernel.values[start + filter]! * scale[filter]!
  }
  return {
    ...convolution,
    kernel: { shape: kernel.shape, values },
    bias: shift.map((value, filter) => value + (bias?.[filter] ?? 0) * (scale[filter] ?? NaN)),
  }
}
