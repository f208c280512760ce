import { decode } from 'fast-png'
import t from 'tap'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import { sliceFiles } from '../../src/training/slice-files.ts'
import { Synthesizer } from '../../src/training/synthesizer.ts'
import { toTissueVolume } from '../../src/training/tissue-volume.ts'
import { toRaster } from '../../src/training/training-batch.ts'
import { smallHead } from './small-head.ts'

const preprocessing: Preprocessing = {
  width: 224, height: 224, voi: { from: 'percentiles', low: 1, high: 99.5 }, fit: 'pad', resample: 'area', quantize8bit: false, range: [-1, 1], channels: 'normalized',
}

t.test('a slice is a PNG of the window that a network is given, and of its mask where it has a tuber', async t => {
  const pen = new Synthesizer({ labelMaps: [toTissueVolume('head', smallHead())], canvases: [], seed: 1 })
  const labels = new Set<number>()
  for (let i = 0; i < 6; i++) {
    const slice = pen.draw(i)
    const { file, maskFile, ...rest } = sliceFiles(slice, preprocessing)
    labels.add(slice.label)
    t.match(rest, { size: 224, label: slice.label, contrast: slice.contrast, patient: 'head' })
    // black is −1 and white 1 in the model's first channel
    const { data } = toRaster(slice, preprocessing)
    const differing = [...decode(file).data].filter((value, at) => Math.abs(value - 255 * (data[3 * at]! + 1) / 2) > 0.51).length
    t.equal(differing, 0)
    t.equal(maskFile !== undefined, slice.label === 1)
    if (maskFile === undefined) continue
    const wrong = [...decode(maskFile).data].filter((value, at) => value !== Math.round(255 * slice.mask[at]!)).length
    t.equal(wrong, 0)
  }
  t.same([...labels].sort(), [0, 1])
})
