import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { LayerGraph, Weight } from '../layer-graph.ts'
import { readLayersModel } from '../layers-model.ts'
import type { Architecture } from '../manifest.ts'
import { assignWeights } from './assign-weights.ts'
import { type HeadMeaning, binaryHead } from './binary-head.ts'
import { type FlatLayer, flattenModel } from './flatten-model.ts'
import { readKerasFile } from './hdf5-file.ts'
import { checkClasses, layersModelConfig } from './layers-model-config.ts'

export interface KerasImportOptions extends HeadMeaning {
  /** Keras's description of the network, for a file that holds weights alone. */
  readonly config?: unknown
  /** Rows and columns where the network leaves them open. */
  readonly size: number
}

/** A network from a Keras file, as this program's models are. */
export interface ImportedNetwork {
  /** model.json and its weights, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly name: string
  readonly architecture: Architecture
  /** Of Keras, where the file says. */
  readonly kerasVersion: string | undefined
  readonly width: number
  readonly height: number
  /** The last activation that is a map, before pooling. */
  readonly gradCamLayer: string
  readonly parameters: number
}

const weightsFile = 'weights.bin'

/**
 * Reads a network, configuration and weights, from a Keras 2 or 3 HDF5 file.
 * @throws AppError `model-invalid` naming the layer, weight or setting that stands in the way; `usage` where the class is not told
 */
export async function importKeras (bytes: Uint8Array, options: KerasImportOptions): Promise<ImportedNetwork> {
  const file = await readKerasFile(bytes)
  const config = file.config ?? options.config
  if (config === undefined) {
    throw new AppError('model-invalid', 'the file holds weights alone, without the network: give its description with --config (model.to_json())')
  }
  const network = flattenModel(config)
  checkClasses(network.layers)
  const { layers, weights } = binaryHead(network, assignWeights(network.layers, file.weights), options)
  const files = layersModelFiles(network.name, network.output, layers, weights, options.size)
  const graph = readLayersModel(files)
  const [height = 0, width = 0, channels = 0] = graph.layers.find(layer => layer.name === graph.input)?.shape ?? []
  if (channels !== 3) throw new AppError('model-invalid', `the network reads ${channels} channels; this program prepares three`, { channels })
  return {
    files,
    name: network.name,
    architecture: architectureOf(graph),
    kerasVersion: file.version,
    width,
    height,
    gradCamLayer: lastMap(graph),
    parameters: [...weights.values()].reduce((sum, { values }) => sum + values.length, 0),
  }
}

function layersModelFiles (
  name: string, output: string, layers: readonly FlatLayer[], weights: ReadonlyMap<string, Weight>, size: number,
): Map<string, Uint8Array> {
  const flat = new Map<string, boolean>()
  const described = layers.map(layer => {
    const inputIsFlat = flat.get(layer.inputs[0] ?? '') ?? false
    flat.set(layer.name, inputIsFlat || ['Flatten', 'GlobalAveragePooling2D', 'Dense'].includes(layer.className))
    return {
      class_name: layer.className,
      name: layer.name,
      config: { name: layer.name, trainable: true, ...layersModelConfig(layer, { inputIsFlat, size }) },
      inbound_nodes: layer.inputs.length === 0 ? [] : [layer.inputs.map(input => [input, 0, 0, {}])],
    }
  })
  const [input] = layers
  const topology = {
    class_name: 'Model',
    config: { name, layers: described, input_layers: [[input?.name ?? '', 0, 0]], output_layers: [[output, 0, 0]] },
  }
  const entries = [...weights]
  const json = {
    format: 'layers-model',
    generatedBy: 'tuberlens',
    convertedBy: 'tuberlens import-keras',
    modelTopology: topology,
    weightsManifest: [{ paths: [weightsFile], weights: entries.map(([weight, { shape }]) => ({ name: weight, shape, dtype: 'float32' })) }],
  }
  // float32 little-endian, as TensorFlow.js has it and as all machines are that this program runs on
  const shard = Buffer.concat(entries.map(([, { values }]) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)))
  return new Map([['model.json', Buffer.from(JSON.stringify(json) + '\n')], [weightsFile, shard]])
}

/** The backbones are known by what no other network has: their numbers of convolutions, sums and joins. */
function architectureOf (graph: LayerGraph): Architecture {
  const count = (kind: string): number => graph.layers.filter(layer => layer.operation.kind === kind).length
  if (count('convolution') === 94 && count('concatenate') === 15) return 'inception-v3'
  if (count('convolution') === 53 && count('add') === 16) return 'resnet-50'
  return 'keras'
}

/** Of the layers between the input and the logit, the last that gives a map and is no pooling. */
function lastMap (graph: LayerGraph): string {
  const found = graph.layers.findLast(({ shape, operation }) =>
    z.tuple([z.int(), z.int(), z.int()]).safeParse(shape).success && !['input', 'max-pooling', 'average-pooling', 'zero-padding'].includes(operation.kind))
  if (found === undefined) throw new AppError('model-invalid', 'the network has no convolution')
  return found.name
}
