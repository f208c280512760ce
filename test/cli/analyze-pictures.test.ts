import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { decode } from 'fast-png'
import t from 'tap'
import { readInputs } from '../../src/analysis/read-inputs.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { displayImage } from '../../src/imaging/display.ts'
import { encodePng } from '../../src/imaging/png.ts'
import { loadModel } from '../../src/model/load-model.ts'
import { runCli } from '../helpers/cli.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const model = join(fixtures, 'tiny-model')

interface Findings {
  notes: string[]
  pictures: { number: number, file: string, kind: string, probability?: number, positive?: boolean, reason?: { code: string, text: string } }[]
  files: string[]
}

/** Two slices of the FLAIR fixture as pictures in the model's window, PNG and JPG. */
async function pictures (folder: string): Promise<void> {
  const { manifest, close } = await opened()
  await close()
  const decoder = createDecoder({ timeoutMs: 30_000 })
  try {
    const [series] = groupBySeries((await readInputs([join(fixtures, 'flair')])).instances)
    for (const [name, slice] of [['a.png', series!.slices[5]!], ['b.JPG', series!.slices[6]!]] as const) {
      const shown = displayImage(slice, await decoder.decodeSlice(slice), manifest.preprocessing.voi)
      writeFileSync(join(folder, name), name === 'a.png' ? encodePng(shown) : await decoder.encodeJpeg(shown, 95))
    }
  } finally {
    await decoder.close()
  }
}
const opened = async () => {
  const classifier = await loadModel(model, { engine: 'onnxruntime' })
  return { manifest: classifier.manifest, close: () => classifier.close() }
}

t.test('a folder of pictures gives findings and heatmaps, and says what it cannot give', async t => {
  const folder = t.testdir()
  await pictures(folder)
  writeFileSync(join(folder, 'readme.txt'), 'no picture')
  const out = join(folder, 'out')
  const { code, stdout, stderr } = await runCli(['analyze', folder, '--out', out, '--model', model])
  t.equal(code, 0, stderr)
  t.match(stdout, /^1 +a\.png +\d\.\d\d +(positive|negative)$/m)
  t.match(stdout, /no DICOM header: neither contrast/)
  t.match(stdout, /4 heatmaps in/)
  t.same(readdirSync(out).sort(), ['findings.json', ...['grad-cam', 'saliency'].flatMap(method => [1, 2].map(n => `picture-00${n}-${method}.png`))].sort())
  const map = decode(readFileSync(join(out, 'picture-001-grad-cam.png')))
  const source = decode(readFileSync(join(folder, 'a.png')))
  t.equal(map.width, source.width * Math.ceil(512 / source.width), 'the source\'s extent, enlarged by a whole factor')
  t.equal(map.channels, 3)

  const json = await runCli(['analyze', join(folder, 'a.png'), join(folder, 'b.JPG'), '--out', join(folder, 'second'), '--model', model, '--json', '--heatmap-scope', 'none'])
  const findings = JSON.parse(json.stdout) as Findings
  t.equal(readFileSync(join(folder, 'second', 'findings.json'), 'utf8'), json.stdout)
  t.same(readdirSync(join(folder, 'second')), ['findings.json'])
  const dicom = await runCli(['analyze', join(fixtures, 'flair'), '--out', join(folder, 'dicom'), '--model', model, '--json', '--methods', 'none'])
  const { studies } = JSON.parse(dicom.stdout) as { studies: { series: { slices: { probability: number }[] }[] }[] }
  const wanted = studies[0]!.series[0]!.slices.slice(5, 7).map(({ probability }) => probability)
  for (const [i, { probability, positive }] of findings.pictures.entries()) {
    t.ok(Math.abs(probability! - wanted[i]!) < 0.02, `${probability} is nearly what the DICOM slice has, ${wanted[i]}`)
    t.type(positive, 'boolean')
  }
})

t.test('what is no picture fails, what is no slice is undetermined, and neither costs the others', async t => {
  const folder = t.testdir({ 'cut.png': 'PNG?' })
  await pictures(folder)
  writeFileSync(join(folder, 'grey.png'), encodePng({ width: 16, height: 16, data: new Uint8Array(256).fill(90) }))
  const names = ['a.png', 'cut.png', 'grey.png'].map(name => join(folder, name))
  const { code, stdout, stderr } = await runCli(['analyze', ...names, '--out', join(folder, 'out'), '--model', model, '--json', '--heatmap-scope', 'top-1', '--methods', 'saliency'])
  t.equal(code, 5, stderr)
  const { pictures: found, files } = JSON.parse(stdout) as Findings
  t.same(found.map(({ kind }) => kind), ['classified', 'failed', 'undetermined'])
  t.match(found[1]!.reason!.text, /neither JPG nor PNG/)
  t.match(found[2]!.reason!, { code: 'implausible-pixels', text: /one value/ })
  t.same(files, ['picture-001-saliency.png'])
  const text = await runCli(['analyze', ...names, '--out', join(folder, 'out'), '--model', model, '--heatmap-scope', 'positive-slices'])
  t.match(text.stdout, /^3 +grey\.png +– +undetermined: The image has one value only$/m)
  t.equal((await runCli(['analyze', join(folder, 'absent.png'), '--out', join(folder, 'out'), '--model', model])).code, 3)
})

t.test('pictures cannot become DICOM, and do not mix with it', async t => {
  const folder = t.testdir()
  await pictures(folder)
  const fails = async (args: readonly string[], message: RegExp): Promise<void> => {
    const { code, stderr } = await runCli(['analyze', join(folder, 'a.png'), ...args, '--out', join(folder, 'never'), '--model', model])
    t.equal(code, 2)
    t.match(stderr, message)
  }
  for (const option of ['--pdf', '--fhir', '--key-objects', '--parametric-maps', '--heatmap-multiframe']) await fails([option], new RegExp(`${option} needs DICOM`))
  for (const [option, value] of [['--stow', 'http://pacs/dicom-web'], ['--sr-scope', 'study'], ['--sc-compression', 'rle'], ['--time', '2026-01-31T13:45:00Z']] as const) {
    await fails([option, value], new RegExp(`${option} needs DICOM`))
  }
  mkdirSync(join(folder, 'series'))
  copyFileSync(join(fixtures, 'flair/IM-0001.dcm'), join(folder, 'series/IM-0001.dcm'))
  await fails([join(folder, 'series')], /one after the other/)
})
