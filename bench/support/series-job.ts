/**
 * What `tuberlens analyze` does with one series, several times in one process with the model loaded once; prints what
 * bench/python/series_job.py prints.
 *
 *   node bench/support/series-job.ts DIST MODEL_DIR FOLDER OUT RUNS
 */
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'

const [dist = '', model = '', folder = '', out = '', runs = '1'] = process.argv.slice(2)

/** A module of the build, typed as its source. */
const built = async <Module> (path: string): Promise<Module> => await import(pathToFileURL(resolve(dist, path)).href) as Module

const started = performance.now()
const { readInputs } = await built<typeof import('../../src/analysis/read-inputs.ts')>('analysis/read-inputs.js')
const { selectInOrder } = await built<typeof import('../../src/analysis/analyze-study.ts')>('analysis/analyze-study.js')
const { groupByStudy } = await built<typeof import('../../src/analysis/group-by-study.ts')>('analysis/group-by-study.js')
const { groupBySeries } = await built<typeof import('../../src/dicom/group-by-series.ts')>('dicom/group-by-series.js')
const { createDecoder } = await built<typeof import('../../src/imaging/decoder-pool.ts')>('imaging/decoder-pool.js')
const { loadModel } = await built<typeof import('../../src/model/load-model.ts')>('model/load-model.js')
const { defaultObjectSettings } = await built<typeof import('../../src/report/object-settings.ts')>('report/object-settings.js')
const { writeResults } = await built<typeof import('../../src/cli/write-results.ts')>('cli/write-results.js')

const classifier = await loadModel(model, { engine: 'onnxruntime' })
const decoder = createDecoder()
const load = (performance.now() - started) / 1000
const { signal } = new AbortController()
const tools = { classifier, decoder, methods: ['grad-cam', 'saliency'], signal } as const

async function run (): Promise<number[]> {
  const inputs = await readInputs([folder], { signal })
  const probabilities: number[] = []
  for (const series of groupByStudy(groupBySeries(inputs.instances))) {
    const { study } = await writeResults(selectInOrder(series), tools, {
      folder: out,
      model: { manifest: classifier.manifest, sha256: classifier.sha256, engine: classifier.engine },
      startedAt: undefined,
      png: false,
      extras: [],
      objects: defaultObjectSettings,
      fhir: false,
      onWritten: () => undefined,
    })
    for (const { slices } of study.series) {
      for (const { finding } of slices) probabilities.push(finding.kind === 'classified' ? finding.probability : NaN)
    }
  }
  return probabilities
}

const measured: { seconds: number, cpu: number }[] = []
let probabilities: number[] = []
for (let i = 0; i < Number(runs); i++) {
  const clock = performance.now()
  const before = process.cpuUsage()
  probabilities = await run()
  const { user, system } = process.cpuUsage(before)
  measured.push({ seconds: (performance.now() - clock) / 1000, cpu: (user + system) / 1e6 })
}
await classifier.close()
await decoder.close()
process.stdout.write(JSON.stringify({ load, runs: measured, peakKilobytes: process.resourceUsage().maxRSS, probabilities }))
