import * as h5wasm from 'h5wasm'

export interface Stored { readonly shape: readonly number[], readonly values: ArrayLike<number>, readonly type?: '<f4' | '<f8' | '<i4' }

export interface KerasFileContent {
  /** An object, or text as it is. */
  readonly config?: unknown
  /** Layer → path → weight. */
  readonly layers: Readonly<Record<string, Readonly<Record<string, Stored>>>>
  /** Lists of names in pieces, as Keras writes long ones. */
  readonly inPieces?: boolean
  readonly version?: string
  /** As Keras writes files of weights alone. */
  readonly atRoot?: boolean
  /** A last word before the file is closed. */
  readonly change?: (file: h5wasm.File) => void
}

/** A file as Keras writes it, with what a test wants in it. */
export async function kerasFile ({ config, layers, inPieces = false, version, atRoot = false, change }: KerasFileContent): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready
  const file = new h5wasm.File('/made.h5', 'w')
  if (config !== undefined) file.create_attribute('model_config', typeof config === 'string' ? config : JSON.stringify(config))
  const root = atRoot ? file : file.create_group('model_weights')
  const list = (group: h5wasm.Group, attribute: string, names: string[]): void => {
    if (!inPieces) group.create_attribute(attribute, names, [names.length], 'S64')
    else names.forEach((name, index) => { group.create_attribute(`${attribute}${index}`, [name], [1], 'S64') })
  }
  list(root, 'layer_names', Object.keys(layers))
  if (version !== undefined) root.create_attribute('keras_version', version)
  for (const [layer, weights] of Object.entries(layers)) {
    const group = root.create_group(layer)
    if (Object.keys(weights).length === 0) group.create_attribute('weight_names', new Float64Array(0), [0], '<d')
    else list(group, 'weight_names', Object.keys(weights))
    for (const [path, { shape, values, type = '<f4' }] of Object.entries(weights)) {
      const folders = path.split('/').slice(0, -1)
      folders.reduce<h5wasm.Group>((at, folder) => (at.get(folder) as h5wasm.Group | null) ?? at.create_group(folder), group)
      const data = type === '<f4' ? Float32Array.from(values) : type === '<f8' ? Float64Array.from(values) : Int32Array.from(values)
      group.create_dataset({ name: path, data, shape: [...shape], dtype: type })
    }
  }
  change?.(file)
  file.close()
  const bytes = FS.readFile('/made.h5')
  FS.unlink('/made.h5')
  return bytes
}

type Config = Readonly<Record<string, unknown>>

export interface LayerJson { readonly class_name: string, readonly name: string, readonly config: Config, readonly inbound_nodes: unknown[] }

/** A layer of a functional model, as Keras 2 describes it. */
export function layer (className: string, name: string, config: Config, ...inputs: string[]): LayerJson {
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: inputs.length === 0 ? [] : [inputs.map(input => [input, 0, 0, {}])] }
}

export function functional (layers: readonly LayerJson[], name = 'net'): { class_name: string, config: { layers: readonly LayerJson[], [key: string]: unknown } } {
  return {
    class_name: 'Functional',
    config: { name, layers, input_layers: [[layers[0]?.name, 0, 0]], output_layers: [[layers.at(-1)?.name, 0, 0]] },
  }
}

export const picture = layer('InputLayer', 'picture', { batch_input_shape: [null, 4, 4, 3] })
export const convolution = layer('Conv2D', 'conv', { filters: 2, kernel_size: [3, 3], padding: 'same', activation: 'relu' }, 'picture')
export const mean = layer('GlobalAveragePooling2D', 'mean', {}, 'conv')
export const tuber = layer('Dense', 'tuber', { units: 1, activation: 'sigmoid' }, 'mean')

export const stored = (shape: readonly number[], from = 0): Stored =>
  ({ shape, values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(from + i)) })
export const convolutionWeights = { 'conv/kernel:0': stored([3, 3, 3, 2]), 'conv/bias:0': stored([2], 1) }
export const tuberWeights = { 'tuber/kernel:0': stored([2, 1], 2), 'tuber/bias:0': stored([1], 3) }
/** A whole file of four layers. */
export const small: KerasFileContent = {
  config: functional([picture, convolution, mean, tuber]),
  layers: { picture: {}, conv: convolutionWeights, mean: {}, tuber: tuberWeights },
}
