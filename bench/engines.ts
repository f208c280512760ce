/**
 * Milliseconds per slice of each engine, with and without maps, side by side in one run: the engines take turns, so that
 * what else the machine does falls on all of them. Without arguments: both architectures at full size with random weights,
 * which needs TensorFlow (scripts/install-tensorflow.mjs). With arguments: these model folders, on the engines at hand.
 *
 *   node bench/engines.ts [MODEL_DIR…]     (Node 22.18 or later runs TypeScript as it is)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Raster } from '../src/imaging/raster.ts'
import { build as buildEvidenceMap, evidenceLayerName, gradCamLayerName } from '../src/model/architectures/evidence-map.ts'
import { build as buildTscCnn, gradCamLayerName as tscCnnGradCamLayer } from '../src/model/architectures/tsc-cnn.ts'
import type { Classifier } from '../src/model/classifier.ts'
import { type EngineName, engineNames } from '../src/model/engines/engine.ts'
import type { HeatmapMethod } from '../src/model/finding.ts'
import { loadModel } from '../src/model/load-model.ts'
import { loadTensorFlow } from '../src/model/tensorflow.ts'
import { type ModelDescription, layersModelFiles, writeModel } from '../src/model/write-layers-model.ts'

const rounds = 7
const slices = 8
const workloads: readonly (readonly [string, readonly HeatmapMethod[]])[] = [
  ['probability', []],
  ['+ Grad-CAM', ['grad-cam']],
  ['+ Grad-CAM + saliency', ['grad-cam', 'saliency']],
]

const raster: Raster = {
  width: 224,
  height: 224,
  channels: 3,
  data: Float32Array.from({ length: 224 * 224 * 3 }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32),
  toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 },
}
const rasters = new Array<Raster>(slices).fill(raster)

function describe (architecture: 'evidence-map' | 'tsc-cnn'): ModelDescription {
  return {
    name: architecture,
    version: '0.0.0',
    architecture,
    preprocessing: {
      width: 224, height: 224, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
    },
    output: { positiveClass: 'tuber', threshold: 0.5 },
    gradCamLayer: architecture === 'evidence-map' ? gradCamLayerName : tscCnnGradCamLayer,
    ...architecture === 'evidence-map' ? { evidenceLayer: evidenceLayerName } : {},
    seriesRule: { kind: 'count', positive: 1, consecutive: 1 },
    age: { minimum: 0, maximum: 130, undeterminedBelow: 0 },
    training: { data: 'none', command: 'bench/engines.ts', seed: 1, softwareVersion: '0' },
    metrics: {},
    intendedUse: 'benchmark',
    limits: [],
    licence: 'Apache-2.0',
  }
}

/** Both architectures with their initial weights: time does not depend on them. */
async function buildModels (folder: string): Promise<string[]> {
  const tf = await loadTensorFlow()
  const directories: string[] = []
  for (const [architecture, build] of [['evidence-map', buildEvidenceMap], ['tsc-cnn', buildTscCnn]] as const) {
    const model = build(tf, { inputShape: [224, 224, 3] })
    const directory = join(folder, architecture)
    await writeModel(directory, await layersModelFiles(tf, model), describe(architecture))
    model.dispose()
    directories.push(directory)
  }
  return directories
}

async function open (directory: string, engine: EngineName): Promise<Classifier | undefined> {
  try {
    return await loadModel(directory, { engine })
  } catch (error) {
    process.stdout.write(`${engine}: ${error instanceof Error ? error.message : 'does not load'}\n`)
    return undefined
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

async function compare (directory: string): Promise<void> {
  const opened = await Promise.all(engineNames.map(async engine => await open(directory, engine)))
  const classifiers = opened.filter(classifier => classifier !== undefined)
  process.stdout.write(`\n${classifiers[0]?.manifest.name ?? directory}, ms per slice, median of ${rounds} rounds of ${slices} slices\n`)
  for (const [name, methods] of workloads) {
    const times = classifiers.map((): number[] => [])
    for (let round = -1; round < rounds; round++) {
      for (const [index, classifier] of classifiers.entries()) {
        const start = performance.now()
        await classifier.classify(rasters, methods)
        if (round >= 0) times[index]?.push((performance.now() - start) / slices) // the first round warms up
      }
    }
    const medians = times.map(median)
    const columns = classifiers.map((classifier, index) => `${classifier.engine} ${(medians[index] ?? NaN).toFixed(1)}`)
    const [first = NaN, second] = medians
    const ratio = second === undefined ? '' : `   ratio ${(second / first).toFixed(2)}`
    process.stdout.write(`  ${name.padEnd(24)}${columns.join('   ')}${ratio}\n`)
  }
  for (const classifier of classifiers) await classifier.close()
}

const folder = await mkdtemp(join(tmpdir(), 'tuberlens-bench-'))
try {
  const given = process.argv.slice(2)
  for (const directory of given.length > 0 ? given : await buildModels(folder)) await compare(directory)
} finally {
  await rm(folder, { recursive: true, force: true })
}
