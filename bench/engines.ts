/**
 * Milliseconds per slice of the two engines, for every network, without and with maps, side by side in one run: the engines
 * take turns, so that what else the machine does falls on both. TensorFlow is installed by scripts/install-tensorflow.mjs.
 *
 *   node bench/engines.ts [--json FILE] [MODEL_DIR…]     (Node 22.18 or later runs TypeScript as it is)
 *
 * Without folders: the four architectures at full size, with initial weights.
 */
import { parseArgs } from 'node:util'
import type { Raster } from '../src/imaging/raster.ts'
import type { Classifier } from '../src/model/classifier.ts'
import { engineNames } from '../src/model/engines/engine.ts'
import type { HeatmapMethod } from '../src/model/finding.ts'
import { loadModel } from '../src/model/load-model.ts'
import { loadTensorFlow } from '../src/model/tensorflow.ts'
import { trainable } from '../src/training/trainees.ts'
import { type Comparison, median, report } from './support/outcome.ts'
import { untrainedModel } from './support/untrained-model.ts'

const rounds = 7
/** As many as TensorFlow computes in one run. */
const slices = 8

interface Workload { readonly name: string, readonly methods: readonly HeatmapMethod[], readonly aim?: number }
const workloads: readonly Workload[] = [
  { name: 'probability', methods: [] },
  { name: '+ Grad-CAM', methods: ['grad-cam'] },
  { name: '+ Grad-CAM + saliency', methods: ['grad-cam', 'saliency'], aim: 2 },
]

const raster: Raster = {
  width: 224,
  height: 224,
  channels: 3,
  data: Float32Array.from({ length: 224 * 224 * 3 }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32),
  toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 },
}
const rasters = new Array<Raster>(slices).fill(raster)

/** Medians, in milliseconds per slice, in the order of the classifiers. */
async function inTurns (classifiers: readonly Classifier[], methods: readonly HeatmapMethod[]): Promise<number[]> {
  const times = classifiers.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, classifier] of classifiers.entries()) {
      const start = performance.now()
      await classifier.classify(rasters, methods)
      if (round >= 0) times[index]?.push((performance.now() - start) / slices) // the first round warms up
    }
  }
  return times.map(median)
}

async function compare (directory: string): Promise<Comparison[]> {
  const classifiers: Classifier[] = []
  try {
    for (const engine of engineNames) classifiers.push(await loadModel(directory, { engine }))
    const comparisons: Comparison[] = []
    for (const { name, methods, aim } of workloads) {
      const [tuberlens = NaN, other = NaN] = await inTurns(classifiers, methods)
      const what = `${classifiers[0]?.manifest.architecture ?? directory}, ${name}`
      comparisons.push({ what, unit: 'ms/slice', tuberlens, other, otherName: 'tfjs-node', ratio: other / tuberlens, ...aim === undefined ? {} : { aim } })
    }
    return comparisons
  } finally {
    for (const classifier of classifiers) await classifier.close()
  }
}

/** Why TensorFlow cannot be compared with, where it cannot. */
async function missing (): Promise<string | undefined> {
  try {
    await loadTensorFlow()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const { positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } })
const reason = await missing()
const comparisons: Comparison[] = []
if (reason === undefined) {
  for (const directory of positionals.length > 0 ? positionals : trainable.map(untrainedModel)) comparisons.push(...await compare(directory))
}
await report({
  benchmark: 'engines',
  claim: `The network and its maps: onnxruntime (tuberlens) against tfjs-node, median of ${rounds} rounds of ${slices} slices, in turns`,
  comparisons,
  ...reason === undefined ? {} : { skipped: [`tfjs-node: ${reason}`] },
})
