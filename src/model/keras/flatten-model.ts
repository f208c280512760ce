import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { type LayerEntry, type ModelEntry, isModel, readModelEntry } from './keras-config.ts'

/** A layer of the network, all models within models laid open. */
export interface FlatLayer {
  /** Unique in the network: Keras's, after its model's where that is taken. */
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  /** Flat names. */
  readonly inputs: readonly string[]
  readonly source: WeightSource
}

/** Where the file keeps a layer's weights. */
export interface WeightSource {
  /** The layer of the outermost model that it is, or is part of. */
  readonly group: string
  /** Keras's own name. */
  readonly name: string
  /** False where it, or a model around it, is frozen: Keras then lists its weights later. */
  readonly trainable: boolean
}

export interface FlatNetwork {
  readonly name: string
  /** Each after those it reads; the first is the input. */
  readonly layers: readonly FlatLayer[]
  /** Flat name of the last layer. */
  readonly output: string
}

/** Layers that do nothing at inference. */
const inactive: ReadonlySet<string> = new Set([
  'Dropout', 'SpatialDropout2D', 'GaussianDropout', 'AlphaDropout', 'GaussianNoise', 'ActivityRegularization', 'Identity',
  'RandomFlip', 'RandomRotation', 'RandomTranslation', 'RandomZoom', 'RandomShear', 'RandomContrast', 'RandomBrightness',
])

const deepest = 16

/**
 * One list of layers of a model and the models in it, without those that do nothing at inference.
 * @param json Keras's description
 * @throws AppError `model-invalid` naming the model or layer that cannot be imported
 */
export function flattenModel (json: unknown): FlatNetwork {
  const model = readModelEntry(json)
  const layers: FlatLayer[] = []
  const taken = new Set<string>()
  const add = (layer: FlatLayer, model: string): string => {
    const wanted = [layer.name, `${model}_${layer.name}`]
    let name = wanted.find(name => !taken.has(name))
    for (let number = 2; name === undefined; number++) if (!taken.has(`${model}_${layer.name}_${number}`)) name = `${model}_${layer.name}_${number}`
    taken.add(name)
    layers.push({ ...layer, name })
    return name
  }

  /** @returns the flat name of what the model gives */
  const flatten = ({ name: model, layers: entries, ends, buildShape }: ModelEntry, around: Around): string => {
    if (around.depth > deepest) throw new AppError('model-invalid', `model ${model} stands more than ${deepest} models deep`, { model })
    /** Keras's name in this model → flat name of what it gives */
    const given = new Map<string, string>()
    let previous = around.input
    for (const [position, entry] of entries.entries()) {
      const { name, className, config } = entry
      if (given.has(name)) throw new AppError('model-invalid', `two layers are named ${name}`, { layer: name })
      const source: WeightSource = {
        group: around.group ?? name, name, trainable: around.trainable && config['trainable'] !== false,
      }
      if (className === 'InputLayer') {
        if (ends !== undefined && name !== ends.input) throw new AppError('model-invalid', `model ${model} has a second input, ${name}`, { layer: name })
        previous = around.input ?? add({ name, className, config: { shape: config['batch_shape'] ?? config['batch_input_shape'] }, inputs: [], source }, model)
        given.set(name, previous)
        continue
      }
      if (previous === undefined && position === 0 && ends === undefined) {
        const shape = firstShape(entry) ?? buildShape
        previous = add({ name: 'input', className: 'InputLayer', config: { shape }, inputs: [], source }, model)
      }
      const inputs = entry.inputs?.map(input => {
        const found = given.get(input)
        if (found === undefined) throw new AppError('model-invalid', `layer ${name} reads ${input}, which does not stand before it`, { layer: name })
        return found
      }) ?? (previous === undefined ? [] : [previous])
      const [only] = inputs
      if (only === undefined) throw new AppError('model-invalid', `layer ${name} reads nothing`, { layer: name })
      if (isModel(className)) {
        if (inputs.length > 1) throw new AppError('model-invalid', `model ${name} needs one input, and has several or none`, { model: name })
        const inner = readModelEntry({ class_name: className, config })
        previous = flatten(inner, { input: only, group: source.group, trainable: source.trainable, depth: around.depth + 1 })
      } else if (inactive.has(className)) {
        previous = only
      } else {
        previous = add({ name, className, config, inputs, source }, model)
      }
      given.set(name, previous)
    }
    const output = ends === undefined ? previous : given.get(ends.output)
    if (output === undefined) throw new AppError('model-invalid', `model ${model} has no output`, { model })
    return output
  }

  const output = flatten(model, { input: undefined, group: undefined, trainable: true, depth: 0 })
  return { name: model.name, layers, output }
}

/** Of a model that stands where a layer stands. */
interface Around {
  readonly input: string | undefined
  readonly group: string | undefined
  readonly trainable: boolean
  readonly depth: number
}

/** The shape that a Sequential's first layer, or the first within it, is told to read. */
function firstShape ({ className, config }: LayerEntry): unknown {
  const own = config['batch_input_shape'] ?? config['batch_shape']
  if (own !== undefined || !isModel(className)) return own
  const layers = z.array(z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) })).safeParse(config['layers']).data
  const first = layers?.[0]
  return first === undefined ? undefined : firstShape({ name: '', className: first.class_name, config: first.config, inputs: undefined })
}
