import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { implausibility } from '../../src/imaging/plausibility.ts'
import type { SampleArray, StoredPixels } from '../../src/imaging/stored-pixels.ts'
import { dataPath } from '../helpers/data.ts'
import { picture, random } from './encode-frame.ts'

const image = (width: number, height: number, data: SampleArray, samplesPerPixel = 1): StoredPixels =>
  ({ width, height, samplesPerPixel, data, warnings: [] })

t.test('a picture is plausible, also with noise on it', async t => {
  t.equal(implausibility(image(64, 64, picture(64, 64, 0, 4095))), undefined)
  const next = random(3)
  t.equal(implausibility(image(64, 64, picture(64, 64, 0, 1000).map(value => value + 300 * next()))), undefined)
})

t.test('nothing, noise, and one value only are not', async t => {
  const next = random(9)
  t.match(implausibility(image(64, 64, Uint16Array.from({ length: 4096 }, () => 4096 * next()))), /noise/)
  t.match(implausibility(image(64, 64, new Uint16Array(4096).fill(12))), /one value/)
  t.match(implausibility(image(1, 1, new Uint8Array(1))), /one value/)
})

t.test('where there are no neighbours in a row, and in colour, nothing is said', async t => {
  t.equal(implausibility(image(1, 3, new Uint8Array([1, 9, 2]))), undefined)
  t.equal(implausibility(image(2, 1, new Uint8Array([1, 9, 2, 8, 1, 9]), 3)), undefined)
})

t.test('real slices are plausible, random numbers under a real header are not', async t => {
  const decoder = createDecoder()
  t.teardown(async () => { await decoder.close() })
  const judge = async (path: string) => {
    const [slice] = slicesOf(await readInstanceFile(path))
    return implausibility(await decoder.decodeSlice(slice!))
  }
  for (const name of ['philips-flair-axial/IM-0001-0001.dcm', 'philips-flair-axial/IM-0001-0022.dcm', 'nema-wg04/MR1_J2KI']) {
    const path = dataPath(t, `mr-dicom/${name}`)
    if (path !== undefined) t.equal(await judge(path), undefined, name)
  }
  const noise = dataPath(t, 'mr-dicom/vendor-headers-noise-pixels/hyperfine/anatomical/001/001.dcm')
  if (noise !== undefined) t.match(await judge(noise), /noise/)
})
