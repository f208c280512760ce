/**
 * How near the networks come to what the processor can do: billions of floating-point operations in a second, of the forward
 * pass and of forward and both maps, against the best that onnxruntime's own kernels reach on large well-shaped operations.
 * Both take turns in one run, on one thread and on all.
 *
 *   node bench/peak.ts [--json FILE]     (Node 22.18 or later runs TypeScript as it is)
 */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../src/model/engines/engine.ts'
import { openOnnxRuntime } from '../src/model/engines/onnxruntime.ts'
import { layerOf } from '../src/model/layer-graph.ts'
import { readLayersModel } from '../src/model/layers-model.ts'
import { manifestSchema } from '../src/model/manifest.ts'
import { trainable } from '../src/training/trainees.ts'
import { multiplyAdds } from './support/multiply-adds.ts'
import { type Comparison, median, report } from './support/outcome.ts'
import { openPeakSessions } from './support/peak-session.ts'
import { untrainedModel } from './support/untrained-model.ts'

const rounds = 9
const noMaps = { gradCam: false, saliency: false }
const bothMaps = { gradCam: true, saliency: true }

interface Timed { readonly what: string, readonly multiplyAdds: number, readonly run: () => Promise<unknown> }

/** Of each, the median of the rounds in 10⁹ floating-point operations in a second; an addition and a multiplication are two. */
async function gigaflops (timed: readonly Timed[]): Promise<number[]> {
  const rates = timed.map((): number[] => [])
  for (let round = -2; round < rounds; round++) {
    for (const [index, { run, multiplyAdds }] of timed.entries()) {
      const start = performance.now()
      await run()
      if (round >= 0) rates[index]?.push(2 * multiplyAdds / (performance.now() - start) / 1e6) // the first rounds warm up
    }
  }
  return rates.map(median)
}

/** The two runs of a network. */
async function openNetwork (folder: string, threads: number): Promise<{ engine: Engine, runs: Timed[] }> {
  const files = new Map(readdirSync(folder).map(name => [name, readFileSync(join(folder, name))]))
  const manifest = manifestSchema.parse(JSON.parse(String(files.get('manifest.json'))))
  const graph = readLayersModel(files)
  const engine = await openOnnxRuntime(graph, manifest, { threads })
  const length = layerOf(graph, graph.input).shape.reduce((product, side) => product * side, 1)
  const raster = Float32Array.from({ length }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32)
  const { forward, maps } = multiplyAdds(graph, manifest)
  const runs = [
    { what: `${manifest.architecture}, probability`, multiplyAdds: forward, run: async () => await engine.run(raster, 1, noMaps) },
    { what: `${manifest.architecture}, + both maps`, multiplyAdds: forward + maps, run: async () => await engine.run(raster, 1, bothMaps) },
  ]
  return { engine, runs }
}

async function measure (threads: number): Promise<Comparison[]> {
  const peaks = await openPeakSessions(threads)
  const networks = await Promise.all(trainable.map(async architecture => await openNetwork(untrainedModel(architecture), threads)))
  try {
    const ofPeaks = peaks.map(({ name, multiplyAdds, run }): Timed => ({ what: name, multiplyAdds, run }))
    const ofNetworks = networks.flatMap(({ runs }) => runs)
    const rates = await gigaflops([...ofPeaks, ...ofNetworks])
    const peak = Math.max(...rates.slice(0, ofPeaks.length))
    return ofNetworks.map(({ what }, index) => {
      const rate = rates[ofPeaks.length + index] ?? NaN
      return { what: `${what}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, unit: 'GFLOP/s', tuberlens: rate, other: peak, otherName: 'peak', ratio: rate / peak }
    })
  } finally {
    for (const { engine } of networks) await engine.close()
    for (const each of peaks) await each.close()
  }
}

const comparisons: Comparison[] = []
for (const threads of new Set([1, availableParallelism()])) comparisons.push(...await measure(threads))
await report({
  benchmark: 'peak',
  claim: 'How near the networks come to the fastest large matrix product or convolution of the same library on this machine',
  comparisons,
})
