import { z } from 'zod'
import { AppError } from '../../errors.ts'

/** Where a layer's input comes from: a layer beside it in the same model. */
export interface LayerEntry {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  /** Names of the layers that it reads; absent in a Sequential, where each reads the one before. */
  readonly inputs: readonly string[] | undefined
}

/** A model's description, of Keras 2 or 3. */
export interface ModelEntry {
  readonly name: string
  readonly layers: readonly LayerEntry[]
  /** Of a functional model; a Sequential begins with its first layer and ends with its last. */
  readonly ends: { readonly input: string, readonly output: string } | undefined
  /** Of a Sequential that says its input's shape beside its layers. */
  readonly buildShape: unknown
}

const record = z.record(z.string(), z.unknown())
const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: record,
  inbound_nodes: z.array(z.unknown()).optional(),
})
const modelSchema = z.object({ class_name: z.string(), config: z.union([record, z.array(z.unknown())]) })
const tensorSchema = z.tuple([z.string(), z.number(), z.number()]).rest(z.unknown())
/** One end, listed or (Keras 3) alone. */
const endSchema = z.union([tensorSchema, z.tuple([tensorSchema]).transform(([only]) => only)])

/** Class names of models that may stand where a layer stands. */
const models: readonly string[] = ['Sequential', 'Functional', 'Model']

export function isModel (className: string): boolean {
  return models.includes(className)
}

/** @throws AppError `model-invalid` for what is not the description of a Sequential or a functional model with one input and one output */
export function readModelEntry (json: unknown): ModelEntry {
  const parsed = modelSchema.safeParse(json)
  if (!parsed.success) throw new AppError('model-invalid', 'the model\'s description has no class_name and config', {}, { cause: parsed.error })
  const { class_name: className, config } = parsed.data
  if (!isModel(className)) {
    throw new AppError('model-invalid', `the model is a ${className}; a Sequential or a functional model can be imported`, { class: className })
  }
  const plain = Array.isArray(config) ? { layers: config } : config
  const name = z.string().safeParse(plain['name']).data ?? className.toLowerCase()
  const layers = z.array(layerSchema).min(1).safeParse(plain['layers'])
  if (!layers.success) throw new AppError('model-invalid', `model ${name}: its layers are not described as Keras does`, { model: name }, { cause: layers.error })
  const sequential = className === 'Sequential'
  return {
    name,
    layers: layers.data.map(layer => readLayer(layer, sequential)),
    ends: sequential ? undefined : { input: endOf(name, 'input_layers', plain), output: endOf(name, 'output_layers', plain) },
    buildShape: plain['build_input_shape'],
  }
}

function endOf (model: string, key: string, config: Readonly<Record<string, unknown>>): string {
  const end = endSchema.safeParse(config[key])
  if (end.success) return end.data[0]
  const word = key.replace('_layers', '')
  throw new AppError('model-invalid', `model ${model} needs one ${word}, and has several or none`, { model }, { cause: end.error })
}

function readLayer (layer: z.infer<typeof layerSchema>, sequential: boolean): LayerEntry {
  const { class_name: className, config, inbound_nodes: nodes = [] } = layer
  const name = layer.name ?? z.string().safeParse(config['name']).data ?? className
  if (sequential || nodes.length === 0) return { name, className, config, inputs: sequential ? undefined : [] }
  if (nodes.length > 1) throw new AppError('model-invalid', `layer ${name} is used ${nodes.length} times; shared layers are not supported`, { layer: name })
  const found: Call = { tensors: [], training: false }
  collect(nodes[0], found)
  if (found.training) {
    throw new AppError('model-invalid', `layer ${name} is called with training=True, so that it acts as in training; build the model without that`, { layer: name })
  }
  for (const tensor of found.tensors) {
    if (tensor.index !== 0) throw new AppError('model-invalid', `layer ${name} reads an output of ${tensor.layer} beyond its first`, { layer: name })
  }
  return { name, className, config, inputs: found.tensors.map(tensor => tensor.layer) }
}

interface Call { tensors: { layer: string, index: number }[], training: boolean }

/** The tensors of a call: `["layer", 0, 0, {…}]` in Keras 2, `{ class_name: "__keras_tensor__", … }` in Keras 3, in lists or not. */
function collect (node: unknown, call: Call): void {
  if (Array.isArray(node)) {
    const tensor = tensorSchema.safeParse(node)
    if (tensor.success) {
      call.tensors.push({ layer: tensor.data[0], index: tensor.data[2] })
      collect(tensor.data[3], call)
    } else {
      for (const part of node) collect(part, call)
    }
  } else if (typeof node === 'object' && node !== null) {
    const fields = node as Readonly<Record<string, unknown>>
    const history = tensorSchema.safeParse((fields['config'] as Readonly<Record<string, unknown>> | undefined)?.['keras_history'])
    if (fields['class_name'] === '__keras_tensor__' && history.success) {
      call.tensors.push({ layer: history.data[0], index: history.data[2] })
      return
    }
    if (fields['training'] === true) call.training = true
    for (const key of ['args', 'kwargs', 'inputs']) collect(fields[key], call)
  }
}
