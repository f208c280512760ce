import type { ExplainedLayers } from '../../src/model/onnx/explained-model.ts'
import type { Layer, LayerGraph } from '../../src/model/layer-graph.ts'

/** Multiplications with an addition, of convolutions and dense layers alone: all else is less than one in a hundred. */
export interface MultiplyAdds {
  readonly forward: number
  /** What both maps add: from the logit back to the picture once, and to the layer of Grad-CAM once more. */
  readonly maps: number
}

/** Counted from the layers: what the mathematics asks for, whatever an engine does. */
export function multiplyAdds (graph: LayerGraph, { gradCamLayer, evidenceLayer }: ExplainedLayers): MultiplyAdds {
  const needed = neededBy(graph, [graph.logit, gradCamLayer, ...evidenceLayer === undefined ? [] : [evidenceLayer]])
  const sum = (layers: readonly Layer[]) => layers.reduce((total, layer) => total + ofLayer(layer), 0)
  const toLogit = neededBy(graph, [graph.logit])
  const between = (start: string) => graph.layers.filter(layer => toLogit.has(layer.name) && readsFrom(graph, layer, start))
  return {
    forward: sum(graph.layers.filter(layer => needed.has(layer.name))),
    // the gradient of a convolution's input costs what the convolution does
    maps: sum(between(graph.input)) + sum(between(gradCamLayer)),
  }
}

function ofLayer ({ operation, shape }: Layer): number {
  switch (operation.kind) {
    case 'convolution': {
      const [rows = 0, columns = 0] = shape
      return rows * columns * operation.kernel.values.length
    }
    case 'dense':
      return operation.kernel.values.length
    default:
      return 0
  }
}

function neededBy (graph: LayerGraph, names: readonly string[]): ReadonlySet<string> {
  const needed = new Set(names)
  for (const layer of graph.layers.toReversed()) if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input)
  return needed
}

/** Whether the layer reads the other, near or far. */
function readsFrom (graph: LayerGraph, layer: Layer, other: string): boolean {
  const reading = new Set([other])
  for (const each of graph.layers) if (each.inputs.some(input => reading.has(input))) reading.add(each.name)
  return layer.name !== other && reading.has(layer.name)
}
