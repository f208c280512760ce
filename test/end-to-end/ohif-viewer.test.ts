import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { openBrowser } from '../helpers/browser.ts'
import { runCli } from '../helpers/cli.ts'
import { type DisplaySet, type Geometry, OhifPage } from '../helpers/ohif-page.ts'
import { OhifServer, ohifFiles } from '../helpers/ohif.ts'
import { freePort, Orthanc } from '../helpers/orthanc.ts'
import { requireTool } from '../helpers/tools.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
/** Millimetres: Grad-CAM knows no finer places than the 28 × 28 cells of the network's last map. */
const mapCell = 8
/** Where screenshots are kept for people; without it none are made. */
const screenshots = process.env['TUBERLENS_TEST_SCREENSHOTS']
/** What OHIF 3.13.2 writes to its console of its own accord, on the mouse wheel. */
const ownNoise = /^console: Unable to preventDefault inside passive event listener invocation\.$/

interface Findings {
  readonly model: { readonly threshold: number }
  readonly studies: readonly { readonly series: readonly SeriesFindings[] }[]
}
interface SeriesFindings {
  readonly studyInstanceUid: string
  readonly seriesNumber: number
  readonly contrast: string
  readonly slices: readonly { readonly sopInstanceUid: string, readonly instanceNumber: number, readonly probability: number }[]
}
interface Truth { readonly slices: readonly { readonly instanceNumber: number, readonly tubers: readonly { readonly centre: readonly number[], readonly radius: number }[] }[] }
type Asserting = Pick<typeof t, 'ok' | 'equal' | 'strictSame'>

t.test('OHIF shows heatmaps and reports of the fixture study beside their sources', { timeout: 500_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  const dist = ohifFiles(t)
  if (dist === undefined) return
  const browser = await openBrowser(t, { width: 1280, height: 720 })
  if (browser === undefined) return
  const orthanc = new Orthanc(await freePort(), 'http://127.0.0.1:1/')
  t.teardown(() => orthanc.remove())
  await orthanc.start()
  const folders = ['flair', 't2'].map(name => join(fixtures, name))
  for (const folder of folders) for (const name of readdirSync(folder)) await orthanc.post('/instances', readFileSync(join(folder, name)))
  const out = mkdtempSync(join(tmpdir(), 'tuberlens-ohif-'))
  t.teardown(() => rm(out, { recursive: true, force: true }))
  const { code, stdout, stderr } = await runCli(['analyze', ...folders, '--out', out, '--pdf', '--stow', orthanc.dicomWeb, '--json'])
  t.equal(code, 0, stderr)
  const { model, studies } = JSON.parse(stdout) as Findings
  const truth = JSON.parse(readFileSync(join(fixtures, 'truth.json'), 'utf8')) as Truth
  const server = await OhifServer.open(t, dist, new URL(orthanc.dicomWeb).origin)

  t.equal(studies[0]!.series.length, 2)
  for (const [nth, { contrast, seriesNumber, studyInstanceUid, slices }] of studies[0]!.series.entries()) {
    await t.test(contrast, async t => {
      // a page for each: a second report in a viewport keeps the place of the first
      const ohif = await OhifPage.open(browser, server.url, studyInstanceUid)
      const series = await ohif.displaySets()
      const source = series.find(one => one.seriesNumber === seriesNumber && one.modality === 'MR')!
      const described = (text: string, modality = 'MR', about = contrast) =>
        series.find(one => one.modality === modality && one.description === `AI ${about} ${text} - RESEARCH ONLY`)!
      const maps = [described('Saliency'), described('Grad-CAM')]
      const [left, right] = await ohif.layout(1, 2) as [string, string]
      const keep = async (name: string) => {
        if (screenshots !== undefined) await ohif.page.screenshot({ path: join(screenshots, `ohif-${contrast.toLowerCase()}-${name}.png`) })
      }
      const inStep = () => ohif.until(`reader.image(${JSON.stringify(left)}) === reader.source(${JSON.stringify(right)})`)

      t.equal(series.length, 10)
      t.strictSame(series.filter(one => one.unsupported).map(one => one.description), [])

      // what the study has once is looked at once
      if (nth === 0) {
        await t.test('the summary page is shown whole', async t => {
          const page = described('summary', 'MR', 'tuber')
          t.ok(await ohif.show(right, page.uid))
          assertWhole(t, await ohif.geometry(right), await ohif.canvas(right))
          t.ok((await ohif.shares(right)).coloured > 0.01)
          await keep('summary')
        })
      }

      t.ok(await ohif.show(left, source.uid))
      for (const [i, map] of maps.entries()) {
        await t.test(`${map.description}: the scale of its source, and in step with it`, async t => {
          t.ok(await ohif.show(right, map.uid))
          assertSameSlices(t, map, source)
          t.ok((await ohif.shares(right)).coloured > 0.0005, 'the map has colours')
          t.equal((await ohif.shares(left)).coloured, 0, 'its source has none')
          if (i === 0) {
            await ohif.click('MoreTools-split-button-secondary')
            await ohif.click('ImageSliceSync')
          }
          for (const viewport of [left, right]) t.ok(await ohif.synchronised(viewport))
          for (const [viewport, times] of [[left, 3], [right, 1], [left, 1]] as const) {
            for (let turn = 0; turn < times; turn++) {
              t.ok(await ohif.scroll(viewport), 'the wheel brings another image')
              t.ok(await inStep(), 'the other follows')
            }
          }
          assertSameScale(t, await ohif.geometry(right), await ohif.geometry(left))
          await keep(map.description.split(' ')[2]!.toLowerCase())
        })
      }

      await t.test('the report opens without a message, and its arrows go to the slices, to the tubers, and have their label on the canvas', async t => {
        const report = described('tubers', 'SR')
        t.ok(await ohif.openReport(left, report.uid))
        const { loaded, measurements } = await ohif.report(report.uid)
        const expected = [...slices].sort((a, b) => b.probability - a.probability)
          .map(slice => ({ ...slice, text: `Probability: ${(slice.probability * 100).toFixed(2)} %` }))
        t.ok(loaded)
        t.strictSame(measurements, expected.map(({ sopInstanceUid, instanceNumber, text }) =>
          ({ label: `S${seriesNumber} I${instanceNumber}`, loaded: true, image: sopInstanceUid, texts: [text] })))
        t.ok(await inStep(), 'the heatmap beside it follows')
        for (const { centre } of truth.slices.find(slice => slice.instanceNumber === expected[0]!.instanceNumber)!.tubers) {
          t.ok(await settled(() => ohif.colourAt(right, centre), colour => colour > 40), 'the tuber is coloured in the heatmap')
          t.ok(await ohif.colourAt(left, centre) < 10, 'and not in its source')
        }
        await keep('report')
        // side by side the label of an arrow in the right half of a small picture leaves the canvas: see docs/conformance.md
        await ohif.layout(1, 1)
        const positive = expected.filter(({ probability }) => probability >= model.threshold)
        t.equal(positive.length, 5)
        for (const [i, { sopInstanceUid, instanceNumber, text }] of expected.entries()) {
          if (i > 0) await ohif.click('viewport-action-arrows-right')
          t.ok(await settled(() => ohif.image(left), uid => uid === sopInstanceUid), `to image ${instanceNumber}`)
          const arrow = i < positive.length
          const labels = await settled(() => ohif.labels(left), ([label]) => label?.text === text && (label.inside || !arrow))
          t.ok(labels, `"${text}"${arrow ? ' on the canvas' : ''}`)
          if (!arrow) continue
          t.equal(labels?.length, 1)
          const { tubers } = truth.slices.find(slice => slice.instanceNumber === instanceNumber)!
          const into = (tip: readonly number[]) => tubers.some(({ centre, radius }) => Math.hypot(...centre.map((c, axis) => c - tip[axis]!)) < radius + mapCell)
          t.ok(await settled(() => ohif.lines(left), ([line]) => line !== undefined && into(line[1])), `the arrow on image ${instanceNumber} ends in a tuber, or a cell of the map beside it`)
          if (i === 0) await keep('arrow')
        }
      })

      if (nth === 0) {
        await t.test('the PDF opens in the viewer', async t => {
          t.match(await ohif.openPdf(left, described('report', 'DOC', 'tuber').uid), /^%PDF-1/)
          await keep('pdf')
        })
      }

      t.strictSame(await ohif.messages(), [])
      t.strictSame(ohif.complaints.filter(text => !ownNoise.test(text)), [])
      await ohif.close()
    })
  }
})

/** Asks for 5 s at most: a picture and what is written over it are not drawn at the same time. @returns the answer that will do */
async function settled<T> (ask: () => Promise<T>, will: (answer: T) => boolean): Promise<T | undefined> {
  for (let i = 0; i < 50; i++) {
    const answer = await ask()
    if (will(answer)) return answer
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return undefined
}

/** Every slice of the source, once, in the same frame of reference. */
function assertSameSlices (t: Asserting, map: DisplaySet, source: DisplaySet): void {
  t.equal(map.frameOfReferenceUid, source.frameOfReferenceUid)
  t.strictSame(map.images.map(image => image.source), source.images.map(image => image.uid))
  t.strictSame(map.images.map(image => image.instanceNumber), source.images.map(image => image.instanceNumber))
}

/** Same millimetres, magnified alike, at the same place; and what is seen of the head is as wide and as high. */
function assertSameScale (t: Asserting, map: Geometry, source: Geometry): void {
  for (const axis of [0, 1]) t.ok(Math.abs(map.size[axis]! - source.size[axis]!) < 0.1, `${map.size[axis]} mm for ${source.size[axis]} mm`)
  // a viewport that is active has a border
  t.ok(Math.abs(map.millimetresPerPixel / source.millimetresPerPixel - 1) < 0.005, `${map.millimetresPerPixel} mm a pixel for ${source.millimetresPerPixel}`)
  map.corners.flat().forEach((at, i) => t.ok(Math.abs(at - source.corners.flat()[i]!) <= 1.5, `a corner at ${at} for ${source.corners.flat()[i]}`))
  map.extents.forEach((at, i) => t.ok(Math.abs(at - source.extents[i]!) <= 4, `the head's edge at ${at} for ${source.extents[i]}`))
}

/** The whole picture is on the canvas, as wide for its height as it is. */
function assertWhole (t: Asserting, { size, corners }: Geometry, canvas: readonly number[]): void {
  const [first, last] = corners as [number[], number[]]
  for (const axis of [0, 1]) t.ok(first[axis]! >= -0.5 && last[axis]! <= canvas[axis]! + 0.5)
  t.ok(Math.abs((last[0]! - first[0]!) / (last[1]! - first[1]!) - size[0]! / size[1]!) < 0.001)
}
