import { z } from 'zod'
import { AppError, toAppError } from '../../errors.ts'

type H5wasm = typeof import('h5wasm')
type Group = InstanceType<H5wasm['Group']>

/** An array as the file holds it, widened or narrowed to float32. */
export interface StoredWeight {
  /** Keras's path, such as `conv2d_1/kernel:0`. */
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** What a Keras HDF5 file says, apart from the state of an optimizer, which is not read. */
export interface KerasFile {
  /** The network's description, as JSON gives it; absent in a file of weights alone. */
  readonly config: unknown
  /** Such as 2.15.0; absent in files that do not say. */
  readonly version: string | undefined
  /** The arrays of each layer of the outermost model, in Keras's order. */
  readonly weights: ReadonlyMap<string, readonly StoredWeight[]>
}

/** Far above any network that reads 224×224 pictures; the reader holds the file three times. */
export const largestKerasFile = 1 << 30
const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')
const zipSignature = Buffer.from('PK\x03\x04', 'latin1')
const inMemory = '/keras.h5'

/**
 * Reads a Keras HDF5 file. The HDF5 library runs in WebAssembly and sees these bytes alone: a link to another file leads nowhere.
 * @throws AppError `model-invalid` for bytes that are not a Keras HDF5 file
 */
export async function readKerasFile (bytes: Uint8Array): Promise<KerasFile> {
  if (bytes.length > largestKerasFile) throw invalid(`the file has ${bytes.length} bytes; at most ${largestKerasFile} are read`)
  if (zipSignature.equals(bytes.subarray(0, 4))) {
    throw invalid('the file is a zip archive, as Keras 3 writes .keras files; save the model as HDF5: model.save("model.h5")')
  }
  if (!signature.equals(bytes.subarray(0, signature.length))) throw invalid('the file is not HDF5')
  const h5wasm = await import('h5wasm')
  const hdf5 = await h5wasm.ready
  // instead of writing to standard error
  hdf5.activate_throwing_error_handler()
  const { FS } = hdf5
  FS.writeFile(inMemory, bytes)
  try {
    return readOpened(h5wasm, bytes.length)
  } catch (thrown) {
    throw toAppError(thrown, 'model-invalid', 'the file is damaged: its HDF5 cannot be read')
  } finally {
    FS.unlink(inMemory)
  }
}

function readOpened (h5wasm: H5wasm, length: number): KerasFile {
  const file = new h5wasm.File(inMemory, 'r')
  try {
    const config = textAttribute(file, 'model_config')
    const found = file.keys().includes('model_weights') ? file.get('model_weights') : file
    if (!(found instanceof h5wasm.Group) || !hasNames(found, 'layer_names')) {
      throw invalid('the file is HDF5, but not of Keras: it has no layer_names')
    }
    const weights = new Map<string, StoredWeight[]>()
    let left = length
    for (const layer of names(found, 'layer_names')) {
      const group = found.get(layer)
      if (!(group instanceof h5wasm.Group)) throw invalid(`the file has no weights of layer ${layer}`, layer)
      weights.set(layer, names(group, 'weight_names').map(name => {
        const stored = readWeight(h5wasm, group, layer, name, left)
        left -= stored.values.length
        return stored
      }))
    }
    return { config: config === undefined ? undefined : parse(config), version: textAttribute(found, 'keras_version'), weights }
  } finally {
    file.close()
  }
}

function readWeight (h5wasm: H5wasm, group: Group, layer: string, name: string, most: number): StoredWeight {
  const dataset = group.get(name)
  if (!(dataset instanceof h5wasm.Dataset)) throw invalid(`layer ${layer}: the file has no weight ${name}`, layer)
  const shape = dataset.shape ?? []
  // the numbers of a weight cannot be more than the bytes of the file, unless a damaged or hostile header says so
  if (shape.reduce((product, side) => product * side, 1) > most) throw invalid(`layer ${layer}: weight ${name} is larger than the file`, layer)
  const { value } = dataset
  const values = typeof value === 'number' ? Float32Array.of(value) : value
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw invalid(`layer ${layer}: weight ${name} is not of 32- or 64-bit numbers`, layer)
  }
  return { name, shape, values: Float32Array.from(values) }
}

/** Keras cuts a list of names that is too long for an HDF5 attribute into `layer_names0`, `layer_names1`, … */
function names (group: Group, attribute: string): string[] {
  const { attrs } = group
  const parts = attribute in attrs ? [attribute] : Object.keys(attrs).filter(key => /^\d+$/.test(key.slice(attribute.length)) && key.startsWith(attribute))
  parts.sort((a, b) => Number(a.slice(attribute.length)) - Number(b.slice(attribute.length)))
  return parts.flatMap(part => {
    const { value, shape } = attrs[part] ?? {}
    // an empty list has no type of text
    if (shape?.[0] === 0) return []
    return z.array(z.string()).parse([value].flat())
  })
}

function hasNames (group: Group, attribute: string): boolean {
  const { attrs } = group
  return attribute in attrs || `${attribute}0` in attrs
}

function textAttribute (group: Group, name: string): string | undefined {
  const value = group.attrs[name]?.value
  return typeof value === 'string' ? value : undefined
}

function parse (config: string): unknown {
  try {
    return JSON.parse(config)
  } catch (cause) {
    throw new AppError('model-invalid', 'the file\'s model_config is not JSON', {}, { cause })
  }
}

function invalid (message: string, layer?: string): AppError {
  return new AppError('model-invalid', message, layer === undefined ? {} : { layer })
}
