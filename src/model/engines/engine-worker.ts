import { MessageChannel, parentPort } from 'node:worker_threads'
import { toAppError } from '../../errors.ts'
import { layerOf } from '../layer-graph.ts'
import type { LayerGraph } from '../layer-graph.ts'
import { readNetwork } from '../model-files.ts'
import { explainedModel } from '../onnx/explained-model.ts'
import type { Engine, EngineOutput } from './engine.ts'
import type { EngineReply, EngineRequest } from './engine-thread.ts'
import { openOnnxModel } from './onnxruntime.ts'

/** The thread behind `openEngineThread`. */

const port = parentPort
if (port !== null) {
  let engine: Engine | undefined
  const reply = (message: EngineReply, transfer: ArrayBuffer[] = []): void => { port.postMessage(message, transfer) }

  const answer = async (request: EngineRequest): Promise<void> => {
    if (request.kind === 'open') {
      engine = await open(request)
      reply({ kind: 'done', opened: { name: engine.name, batchSize: engine.batchSize } })
    } else if (request.kind === 'run') {
      const output = await engine!.run(request.rasters, request.count, request.maps)
      reply({ kind: 'done', output }, buffersOf(output))
    } else {
      await engine?.close()
      reply({ kind: 'done' })
    }
  }

  let turn = Promise.resolve()
  port.on('message', (request: EngineRequest) => {
    turn = turn.then(async () => { await answer(request) }).catch((thrown: unknown) => {
      const { code, message, facts } = toAppError(thrown, 'engine-failed')
      reply({ kind: 'failed', code, message, facts })
    })
  })
}

async function open ({ directory, manifest, options }: Extract<EngineRequest, { kind: 'open' }>): Promise<Engine> {
  const graph = await readNetwork(directory, manifest)
  const model = explainedModel(graph, manifest)
  try {
    return await openOnnxModel({ ...model, inputShape: layerOf(graph, graph.input).shape }, options)
  } finally {
    release([...weightsOf(graph), ...model.externalData.map(({ data }) => data)])
  }
}

/**
 * Gives memory back at once: a thread that only waits collects nothing, and the weights and what was made of them may be 200 MB. What is
 * sent to a port that nobody listens to is dropped.
 */
function release (arrays: readonly (Float32Array | Uint8Array)[]): void {
  const large = new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer).filter(({ byteLength }) => byteLength > 2 ** 16))
  const { port1, port2 } = new MessageChannel()
  port2.close()
  port1.postMessage(undefined, [...large])
  port1.close()
}

function weightsOf ({ layers }: LayerGraph): Float32Array[] {
  return layers.flatMap(({ operation }) => 'kernel' in operation ? [operation.kernel.values] : [])
}

/** Of the numbers of a run. */
function buffersOf ({ probabilities, logits, gradCam, saliency, evidence }: EngineOutput): ArrayBuffer[] {
  const all = [probabilities, logits, ...[gradCam, saliency, evidence].flatMap(maps => maps === undefined ? [] : [maps.values])]
  return [...new Set(all.map(({ buffer }) => buffer as ArrayBuffer))]
}
