/**
 * What `tuberlens analyze` does with a series, by the build alone, so that the largest resident set is that of the program. Warms up with one
 * series, then analyses another one several times; prints seconds and CPU seconds of each, and the largest resident set.
 *
 *   node bench/support/series-process.mjs DIST MODEL_DIR OUT WARM_UP_FOLDER FOLDER RUNS
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist, model, out, warmUp, folder, runs] = process.argv.slice(2)
const built = async path => await import(pathToFileURL(resolve(dist, path)).href)

const { selectInOrder } = await built('analysis/analyze-study.js')
const { readInputs } = await built('analysis/read-inputs.js')
const { writeResults } = await built('cli/write-results.js')
const { groupBySeries } = await built('dicom/group-by-series.js')
const { createDecoder } = await built('imaging/decoder-pool.js')
const { loadModel } = await built('model/load-model.js')
const { defaultObjectSettings } = await built('report/object-settings.js')

const classifier = await loadModel(model, { engine: 'onnxruntime' })
const decoder = createDecoder()
const { manifest, sha256, engine } = classifier

async function analyze (input) {
  const clock = performance.now()
  const before = process.cpuUsage()
  const { instances } = await readInputs([input])
  const { written } = await writeResults(selectInOrder(groupBySeries(instances)), { classifier, decoder, methods: ['grad-cam', 'saliency'] }, {
    folder: out,
    model: { manifest, sha256, engine },
    startedAt: undefined,
    png: false,
    extras: [],
    objects: defaultObjectSettings,
    fhir: false,
    onWritten: () => undefined,
  })
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - clock) / 1000, cpu: (user + system) / 1e6, files: written.length }
}

for (let i = 0; i < 3; i++) await analyze(warmUp)
const measured = []
for (let i = 0; i < Number(runs); i++) measured.push(await analyze(folder))
await classifier.close()
await decoder.close()
process.stdout.write(JSON.stringify({ runs: measured, peakKilobytes: process.resourceUsage().maxRSS }))
