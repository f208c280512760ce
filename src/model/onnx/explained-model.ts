import { foldNormalization } from '../fold-normalization.ts'
import { type LayerGraph, layerOf } from '../layer-graph.ts'
import { addGradient, isPassedByAll } from './backward.ts'
import { addForward } from './forward.ts'
import { GraphBuilder, tensorOf } from './graph-builder.ts'
import { type EncodedModel, type ValueInfo, encodeModel } from './messages.ts'

/** Names of the graph's inputs and outputs. N: slices in the batch. */
export const onnxNames = {
  /** float [N, rows, columns, channels] */
  raster: 'raster',
  /** bool: whether to compute the map of the same name; it is empty otherwise */
  wantGradCam: 'want grad-cam',
  wantSaliency: 'want saliency',
  /** float [N, 1] */
  logit: 'logit',
  probability: 'probability',
  /** float [N, h, w], as the activation is: ReLU of the weighted sum, not normalised */
  gradCam: 'grad-cam',
  /** float [N, rows, columns]: the largest |∂logit/∂input| over the channels */
  saliency: 'saliency',
  /** float [N, h, w]: the one-channel map, as the network gives it */
  evidence: 'evidence',
} as const

export interface ExplainedLayers { readonly gradCamLayer: string, readonly evidenceLayer?: string | undefined }

/**
 * A network and its explanations as one ONNX model, for a runtime that has no gradients: the backward pass is written out,
 * behind conditions, so that a run without maps costs the forward pass alone.
 */
export function explainedModel (network: LayerGraph, { gradCamLayer, evidenceLayer }: ExplainedLayers): EncodedModel {
  const wanted = [network.logit, gradCamLayer, ...evidenceLayer === undefined ? [] : [evidenceLayer]]
  const graph = foldNormalization(network, new Set(wanted))
  const needed = neededBy(graph, wanted)
  const builder = new GraphBuilder()
  const inputShape = layerOf(graph, graph.input).shape
  builder.op('Transpose', [onnxNames.raster], { perm: [0, 3, 1, 2] }, tensorOf(graph.input))
  for (const layer of graph.layers) if (needed.has(layer.name)) addForward(builder, graph, layer)

  const outputs: ValueInfo[] = [
    { name: onnxNames.logit, type: 'float', shape: ['N', 1] },
    { name: onnxNames.probability, type: 'float', shape: ['N', 1] },
  ]
  builder.op('Identity', [tensorOf(graph.logit)], {}, onnxNames.logit)
  builder.op('Sigmoid', [tensorOf(graph.logit)], {}, onnxNames.probability)
  if (evidenceLayer !== undefined) {
    builder.op('Squeeze', [tensorOf(evidenceLayer), builder.integers(1)], {}, onnxNames.evidence)
    outputs.push({ name: onnxNames.evidence, type: 'float', shape: ['N', ...layerOf(graph, evidenceLayer).shape.slice(0, 2)] })
  }

  // the way back to the layer that Grad-CAM weighs is gone once, for both maps
  const wantGradient = builder.op('Or', [onnxNames.wantGradCam, onnxNames.wantSaliency])
  const atGradCam: ValueInfo = { name: 'gradient', type: 'float', shape: ['d0', 'd1', 'd2', 'd3'] }
  builder.onlyIf(wantGradient, atGradCam, branch => addGradient(branch, graph, gradCamLayer))
  const gradCam: ValueInfo = { name: onnxNames.gradCam, type: 'float', shape: ['g0', 'g1', 'g2'] }
  builder.onlyIf(onnxNames.wantGradCam, gradCam, branch => {
    // Selvaraju 2017: channel weights are the gradient's mean over the cells; ReLU of the weighted sum
    const weights = branch.op('ReduceMean', [atGradCam.name, branch.integers(2, 3)], { keepdims: 1 })
    const weighted = branch.op('Mul', [tensorOf(gradCamLayer), weights])
    return branch.op('Relu', [branch.op('ReduceSum', [weighted, branch.integers(1)], { keepdims: 0 })])
  })
  const saliency: ValueInfo = { name: onnxNames.saliency, type: 'float', shape: ['s0', 's1', 's2'] }
  builder.onlyIf(onnxNames.wantSaliency, saliency, branch => {
    // Simonyan 2014
    const known = isPassedByAll(graph, gradCamLayer) ? { layer: gradCamLayer, tensor: atGradCam.name } : undefined
    const gradient = addGradient(branch, graph, graph.input, known)
    return branch.op('ReduceMax', [branch.op('Abs', [gradient]), branch.integers(1)], { keepdims: 0 })
  })

  return encodeModel({
    nodes: builder.nodes,
    initializers: builder.initializers,
    inputs: [
      { name: onnxNames.raster, type: 'float', shape: ['N', ...inputShape] },
      { name: onnxNames.wantGradCam, type: 'bool', shape: [] },
      { name: onnxNames.wantSaliency, type: 'bool', shape: [] },
    ],
    outputs: [...outputs, gradCam, saliency],
  })
}

/** The layers of the names and all that they read, near or far: the last sigmoid, for one, is computed apart. */
function neededBy (graph: LayerGraph, names: readonly string[]): ReadonlySet<string> {
  const needed = new Set(names)
  for (const layer of graph.layers.toReversed()) if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input)
  return needed
}
