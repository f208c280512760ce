// Adebayo 2018, "Sanity checks for saliency maps": a map that stays when the network's weights are replaced by random ones
// explains the picture, not the network.
import t from 'tap'
import type { RawMaps } from '../../src/model/engines/engine.ts'
import { openOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import { modelFiles, phantom, randomNumbers, tinyModel } from './support.ts'

const layers = { gradCamLayer: 'context_add', evidenceLayer: 'evidence' }
const spot = phantom({ x: 80, y: 120, radius: 8 })

interface Specs { weightsManifest: { weights: { name: string, shape: number[] }[] }[] }

/** The tiny model with the kernels of some layers replaced by random ones of the same size. */
async function withRandomKernels (which: (layer: string) => boolean): Promise<Map<string, Uint8Array>> {
  const files = await modelFiles(tinyModel)
  const { weightsManifest } = JSON.parse(Buffer.from(files.get('model.json')!).toString('utf8')) as Specs
  const weights = Buffer.from(files.get('weights.bin')!)
  let offset = 0
  for (const [index, { name, shape }] of weightsManifest[0]!.weights.entries()) {
    const count = shape.reduce((product, length) => product * length, 1)
    const [layer = '', part] = name.split('/')
    if (part === 'kernel' && which(layer)) {
      const spread = Math.sqrt(24 / (count / shape.at(-1)!))
      for (const [position, value] of randomNumbers(count, 100 + index).entries()) {
        weights.writeFloatLE((value - 0.5) * spread, offset + 4 * position)
      }
    }
    offset += 4 * count
  }
  return files.set('weights.bin', weights)
}

async function mapsOf (files: ReadonlyMap<string, Uint8Array>): Promise<Record<'gradCam' | 'saliency' | 'evidence', RawMaps>> {
  const engine = await openOnnxRuntime(readLayersModel(files), layers, { threads: 1 })
  const { gradCam, saliency, evidence } = await engine.run(spot.data, 1, { gradCam: true, saliency: true })
  await engine.close()
  return { gradCam: gradCam!, saliency: saliency!, evidence: evidence! }
}

/** Pearson's, over all pixels. */
function correlation (a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let both = 0
  let squaresA = 0
  let squaresB = 0
  for (const [index, value] of a.entries()) {
    both += (value - meanA) * (b[index]! - meanB)
    squaresA += (value - meanA) ** 2
    squaresB += (b[index]! - meanB) ** 2
  }
  return squaresA === 0 || squaresB === 0 ? 0 : both / Math.sqrt(squaresA * squaresB)
}

t.test('the same weights give the same maps', async t => {
  const files = await modelFiles(tinyModel)
  t.same(await mapsOf(files), await mapsOf(await withRandomKernels(() => false)))
})

const randomized: [string, (layer: string) => boolean][] = [
  ['of the last block and the head', layer => /^(block4|context|evidence)/.test(layer)],
  ['of every layer', layer => layer !== 'logit'],
]
for (const [what, which] of randomized) {
  t.test(`random kernels ${what} change every map`, async t => {
    const trained = await mapsOf(await modelFiles(tinyModel))
    const random = await mapsOf(await withRandomKernels(which))
    for (const method of ['gradCam', 'saliency', 'evidence'] as const) {
      const alike = correlation(trained[method].values, random[method].values)
      t.ok(alike < 0.5, `${method}: correlation ${alike}`)
    }
  })
}
