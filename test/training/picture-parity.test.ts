import { join } from 'node:path'
import t from 'tap'
import { readInputs } from '../../src/analysis/read-inputs.ts'
import { shippedModelDir } from '../../src/analysis/software.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import { decodePicture } from '../../src/imaging/decode-picture.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { displayImage } from '../../src/imaging/display.ts'
import { encodePng } from '../../src/imaging/png.ts'
import { rasterize, rasterizeGray } from '../../src/imaging/rasterize.ts'
import { loadModel } from '../../src/model/load-model.ts'
import { selectSeries } from '../../src/selection/select-series.ts'
import { dataPath } from '../helpers/data.ts'

/** The greatest difference that the model card reports, rounded up: PNG loses what 8 bits lose, JPG of quality 95 more. */
const most = { png: 0.01, jpg: 0.03 }

async function differences (folder: string): Promise<Record<keyof typeof most, number>> {
  const classifier = await loadModel(shippedModelDir(), { engine: 'auto' })
  const decoder = createDecoder({ timeoutMs: 30_000 })
  try {
    const { preprocessing } = classifier.manifest
    const [group] = groupBySeries((await readInputs([folder])).instances).flatMap(series => selectSeries(series).groups)
    const out = { png: 0, jpg: 0 }
    for (const slice of group!.slices.filter((_, i) => i % 2 === 0)) {
      const stored = await decoder.decodeSlice(slice)
      const shown = displayImage(slice, stored, preprocessing.voi)
      const pictures = await Promise.all([encodePng(shown), await decoder.encodeJpeg(shown, 95)].map(async bytes => await decodePicture(bytes, decoder)))
      const rasters = [rasterize(slice, stored, preprocessing), ...pictures.map(picture => rasterizeGray(picture, preprocessing))]
      const [dicom, png, jpg] = (await classifier.classify(rasters, [])).map(one => one.probability) as [number, number, number]
      out.png = Math.max(out.png, Math.abs(dicom - png))
      out.jpg = Math.max(out.jpg, Math.abs(dicom - jpg))
    }
    return out
  } finally {
    await decoder.close()
    await classifier.close()
  }
}

for (const [name, pathOf] of [
  ['a synthetic FLAIR series', () => join(import.meta.dirname, '../../fixtures/flair')],
  ['the Philips FLAIR series', (t: Parameters<typeof dataPath>[0]) => dataPath(t, 'mr-dicom/philips-flair-axial')],
] as const) {
  t.test(`${name} gives nearly the same probabilities as DICOM and as pictures in the model's window`, async t => {
    const folder = pathOf(t)
    if (folder === undefined) return
    const found = await differences(folder)
    t.ok(found.png <= most.png, `PNG: ${found.png}`)
    t.ok(found.jpg <= most.jpg, `JPG: ${found.jpg}`)
  })
}
