import type { LayersModel, Tensor, Tensor4D, io, layers } from '@tensorflow/tfjs'
import { AppError, toAppError } from '../../errors.ts'
import { completeNormalization } from '../architectures/complete-normalization.ts'
import { registerCustomLayers } from '../architectures/custom-layers.ts'
import type { ExplainedLayers } from '../onnx/explained-model.ts'
import { type TensorFlow, loadTensorFlow, tensorFlowVersion } from '../tensorflow.ts'
import type { Engine, EngineOutput, RawMaps, WantedMaps } from './engine.ts'

/**
 * Opens the LayersModel in TensorFlow itself: the reference, with its own gradients. TensorFlow takes the number of its
 * threads from the machine.
 * @param files model.json and its weight shards, by name
 * @throws AppError `engine-unavailable`, `model-invalid` for a model that TensorFlow.js does not accept
 */
export async function openTensorFlow (files: ReadonlyMap<string, Uint8Array>, explained: ExplainedLayers): Promise<Engine> {
  const tf = await loadTensorFlow()
  registerCustomLayers(tf)
  try {
    const model = completeNormalization(tf, await tf.loadLayersModel(tf.io.fromMemory(withoutSigmoid(files))))
    return new TensorFlowEngine(tf, model, explained)
  } catch (thrown) {
    throw toAppError(thrown, 'model-invalid', 'TensorFlow does not accept the model')
  }
}

interface LayerJson { name?: string, config: { name?: string, activation?: string } }
interface ModelJson {
  modelTopology: { model_config?: TopologyJson } & TopologyJson
  weightsManifest: { paths: string[], weights: io.WeightsManifestEntry[] }[]
}
interface TopologyJson { config: LayerJson[] | { layers: LayerJson[], output_layers?: [string, number, number][] } }

/** The model with a linear end, so that its output is the logit: the gradient through a saturated sigmoid would be lost. */
function withoutSigmoid (files: ReadonlyMap<string, Uint8Array>): io.ModelArtifacts {
  const bytesOf = (name: string): Uint8Array => {
    const bytes = files.get(name)
    if (bytes === undefined) throw new AppError('model-invalid', `the model has no ${name}`, { file: name })
    return bytes
  }
  const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(bytesOf('model.json')).toString('utf8')) as ModelJson
  const { config } = modelTopology.model_config ?? modelTopology
  const all = Array.isArray(config) ? config : config.layers
  const output = Array.isArray(config) ? undefined : config.output_layers?.[0]?.[0]
  const last = output === undefined ? all.at(-1) : all.find(layer => (layer.name ?? layer.config.name) === output)
  if (last !== undefined) last.config.activation = 'linear'
  const shards = Buffer.concat(weightsManifest.flatMap(group => group.paths.map(bytesOf)))
  return {
    modelTopology,
    weightSpecs: weightsManifest.flatMap(group => group.weights),
    weightData: shards.buffer.slice(shards.byteOffset, shards.byteOffset + shards.byteLength),
  }
}

class TensorFlowEngine implements Engine {
  readonly name = tensorFlowVersion()
  readonly batchSize = 8
  readonly #tf: TensorFlow
  readonly #model: LayersModel
  readonly #explained: ExplainedLayers

  constructor (tf: TensorFlow, model: LayersModel, explained: ExplainedLayers) {
    this.#tf = tf
    this.#model = model
    this.#explained = explained
  }

  run (rasters: Float32Array, count: number, maps: WantedMaps): Promise<EngineOutput> {
    return new Promise((resolve, reject) => {
      try {
        this.#tf.tidy(() => resolve(this.#compute(rasters, count, maps)))
      } catch (thrown) {
        reject(toAppError(thrown, 'engine-failed', 'TensorFlow could not compute the slices'))
      }
    })
  }

  close (): Promise<void> {
    this.#model.dispose()
    return Promise.resolve()
  }

  #compute (rasters: Float32Array, count: number, { gradCam, saliency }: WantedMaps): EngineOutput {
    const tf = this.#tf
    const [, rows = 0, columns = 0, channels = 0] = this.#model.inputs[0]?.shape.map(length => length ?? undefined) ?? []
    const input = tf.tensor4d(rasters, [count, rows, columns, channels])
    const { gradCamLayer, evidenceLayer } = this.#explained
    const outputs = this.#evaluate(new Map([[this.#inputLayer, input]]))
    const logit = outputs(this.#outputLayer)
    return {
      logits: logit.dataSync<'float32'>(),
      probabilities: tf.sigmoid(logit).dataSync<'float32'>(),
      ...gradCam ? { gradCam: this.#gradCam(input, outputs(gradCamLayer) as Tensor4D) } : {},
      ...saliency ? { saliency: this.#saliency(input) } : {},
      ...evidenceLayer === undefined ? {} : { evidence: mapsOf(outputs(evidenceLayer)) },
    }
  }

  #gradCam (input: Tensor, activation: Tensor4D): RawMaps {
    const tf = this.#tf
    const logitFrom = (value: Tensor) =>
      this.#evaluate(new Map([[this.#inputLayer, input], [this.#explained.gradCamLayer, value]]))(this.#outputLayer).sum()
    const weights = tf.mean(tf.grad(logitFrom)(activation), [1, 2], true)
    return mapsOf(tf.relu(tf.sum(tf.mul(activation, weights), -1)))
  }

  #saliency (input: Tensor): RawMaps {
    const tf = this.#tf
    const logitFrom = (value: Tensor) => this.#evaluate(new Map([[this.#inputLayer, value]]))(this.#outputLayer).sum()
    return mapsOf(tf.max(tf.abs(tf.grad(logitFrom)(input)), -1))
  }

  get #inputLayer (): string {
    return this.#model.inputs[0]?.sourceLayer.name ?? ''
  }

  get #outputLayer (): string {
    return this.#model.outputs[0]?.sourceLayer.name ?? ''
  }

  /** Layer by layer, each once, from the given outputs: a gradient can be taken with respect to any of them. */
  #evaluate (given: ReadonlyMap<string, Tensor>): (layer: string) => Tensor {
    const known = new Map(given)
    const evaluate = (name: string): Tensor => {
      const ready = known.get(name)
      if (ready !== undefined) return ready
      const layer = this.#model.getLayer(name)
      const inputs = inboundOf(layer).map(before => evaluate(before.name))
      const [first] = inputs
      const output = layer.apply(inputs.length === 1 && first !== undefined ? first : inputs, { training: false }) as Tensor
      known.set(name, output)
      return output
    }
    return evaluate
  }
}

/** The layers that a layer reads. */
function inboundOf (layer: layers.Layer): readonly layers.Layer[] {
  return (layer as unknown as { inboundNodes: { inboundLayers: layers.Layer[] }[] }).inboundNodes[0]?.inboundLayers ?? []
}

function mapsOf (tensor: Tensor): RawMaps {
  const [, height = 0, width = 0] = tensor.shape
  return { width, height, values: tensor.dataSync<'float32'>() }
}
