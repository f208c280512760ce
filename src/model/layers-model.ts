import { z } from 'zod'
import { AppError } from '../errors.ts'
import { configureLayer, reshaped } from './layer-config.ts'
import type { Layer, LayerGraph, Weight } from './layer-graph.ts'
import { shapeOf } from './layer-shape.ts'
import { readWeights, weightsManifestSchema } from './weights.ts'

const inboundSchema = z.array(z.array(z.tuple([z.string(), z.literal(0), z.literal(0)]).rest(z.unknown()))).max(1)
const layerSchema = z.object({
  name: z.string().optional(),
  class_name: z.string(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: inboundSchema.optional(),
})
type LayerConfig = z.infer<typeof layerSchema>

const sequentialSchema = z.object({
  class_name: z.literal('Sequential'),
  config: z.union([
    z.array(layerSchema).transform(layers => ({ name: 'sequential', layers })),
    z.object({ name: z.string(), layers: z.array(layerSchema) }),
  ]),
})
const functionalSchema = z.object({
  class_name: z.enum(['Model', 'Functional']),
  config: z.object({
    name: z.string(),
    layers: z.array(layerSchema),
    input_layers: z.array(z.tuple([z.string(), z.literal(0), z.literal(0)])).length(1),
    output_layers: z.array(z.tuple([z.string(), z.literal(0), z.literal(0)])).length(1),
  }),
})
const topologySchema = z.union([
  z.object({ model_config: z.discriminatedUnion('class_name', [sequentialSchema, functionalSchema]) }).transform(keras => keras.model_config),
  z.discriminatedUnion('class_name', [sequentialSchema, functionalSchema]),
])

/** TensorFlow.js's model.json, LayersModel format. */
export const layersModelSchema = z.object({ modelTopology: topologySchema, weightsManifest: weightsManifestSchema })

interface Described { readonly name: string, readonly className: string, readonly config: LayerConfig['config'], readonly inputs: readonly string[] }

/**
 * Reads a LayersModel without TensorFlow.js.
 * @param files model.json and its weight shards, by name
 * @throws AppError `model-invalid` with the layer, weight or file that is wrong
 */
export function readLayersModel (files: ReadonlyMap<string, Uint8Array>): LayerGraph {
  const json = files.get('model.json')
  if (json === undefined) throw new AppError('model-invalid', 'the model has no model.json')
  const parsed = layersModelSchema.safeParse(parseJson(json))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new AppError('model-invalid', `model.json is not a LayersModel that this program reads: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      {}, { cause: parsed.error })
  }
  const { modelTopology, weightsManifest } = parsed.data
  const weights = readWeights(weightsManifest, files)
  const described = modelTopology.class_name === 'Sequential'
    ? chain(modelTopology.config.layers)
    : modelTopology.config.layers.map(layer => describeLayer(layer, layer.inbound_nodes?.[0]?.map(([name]) => name) ?? []))
  const output = modelTopology.class_name === 'Sequential'
    ? described.at(-1)?.name
    : modelTopology.config.output_layers[0]?.[0]
  const layers = described.reduce((built, layer) => addLayer(built, layer, weights), new Map<string, Layer>())
  return withLogit(modelTopology.config.name, [...layers.values()], output ?? '')
}

function parseJson (bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new AppError('model-invalid', 'model.json is not JSON', {}, { cause })
  }
}

function describeLayer (layer: LayerConfig, inputs: readonly string[]): Described {
  const name = layer.name ?? z.string().safeParse(layer.config['name']).data ?? layer.class_name
  return { name, className: layer.class_name, config: layer.config, inputs }
}

/** A Sequential model, its input made a layer where only the first layer's configuration tells it. */
function chain (layers: readonly LayerConfig[]): Described[] {
  const described: Described[] = []
  const first = layers[0]
  if (first !== undefined && first.class_name !== 'InputLayer') {
    described.push({ name: 'input', className: 'InputLayer', config: first.config, inputs: [] })
  }
  for (const layer of layers) {
    const before = described.at(-1)
    described.push(describeLayer(layer, before === undefined ? [] : [before.name]))
  }
  return described
}

function addLayer (built: Map<string, Layer>, described: Described, weights: ReadonlyMap<string, Weight>): Map<string, Layer> {
  const { name, className, config, inputs } = described
  if (built.has(name)) throw new AppError('model-invalid', `two layers are named ${name}`, { layer: name })
  const shapes = inputs.map(input => {
    const layer = built.get(input)
    if (layer === undefined) throw new AppError('model-invalid', `layer ${name} reads ${input}, which does not stand before it`, { layer: name })
    return layer.shape
  })
  if (className === 'InputLayer') {
    const shape = z.tuple([z.null(), z.int().positive(), z.int().positive(), z.int().positive()])
      .safeParse(config['batch_input_shape'] ?? config['batch_shape']).data
    if (shape === undefined) throw new AppError('model-invalid', `layer ${name}: the input needs rows, columns and channels`, { layer: name })
    return built.set(name, { name, operation: { kind: 'input' }, inputs: [], shape: shape.slice(1) as number[] })
  }
  const [input] = shapes
  if (input === undefined) throw new AppError('model-invalid', `layer ${name} reads nothing`, { layer: name })
  const { operation, activation } = configureLayer(name, className, config, input.at(-1) ?? 0, part => {
    const weight = weights.get(`${name}/${part}`)
    if (weight === undefined) throw new AppError('model-invalid', `the weight ${name}/${part} is missing`, { weight: `${name}/${part}` })
    return weight
  })
  const shape = operation.kind === 'reshape' || operation.kind === 'input'
    ? reshaped(name, className, config, input)
    : shapeOf(name, operation, shapes)
  if (activation === 'linear') return built.set(name, { name, operation, inputs, shape })
  const linear = `${name}/linear`
  return built
    .set(linear, { name: linear, operation, inputs, shape })
    .set(name, { name, operation: { kind: 'activation', activation }, inputs: [linear], shape })
}

function withLogit (name: string, layers: readonly Layer[], output: string): LayerGraph {
  const inputs = layers.filter(layer => layer.operation.kind === 'input')
  const [input] = inputs
  if (input === undefined || inputs.length !== 1) throw new AppError('model-invalid', `the network has ${inputs.length} inputs instead of one`)
  const last = layers.find(layer => layer.name === output)
  const logit = last?.inputs[0]
  if (last?.operation.kind !== 'activation' || last.operation.activation !== 'sigmoid' || logit === undefined || last.shape.join() !== '1') {
    throw new AppError('model-invalid', `the network must end in one sigmoid unit; its last layer ${output} does not`, { layer: output })
  }
  return { name, layers, input: input.name, logit }
}
