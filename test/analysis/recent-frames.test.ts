import t from 'tap'
import { recentFrames } from '../../src/analysis/recent-frames.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { AppError } from '../../src/errors.ts'
import type { StoredPixels } from '../../src/imaging/stored-pixels.ts'

const pixels: StoredPixels = { width: 1, height: 1, samplesPerPixel: 1, data: new Uint8Array(1), warnings: [] }
const slices = Array.from({ length: 4 }, (_, i) => ({ frameNumber: i + 1 }) as unknown as Slice)

t.test('a frame is decoded once while it is one of the last', async t => {
  const decoded: number[] = []
  const decoder = recentFrames({ decodeSlice: async slice => { decoded.push(slice.frameNumber); return pixels } }, 2)
  for (const i of [0, 1, 0, 1, 2, 1, 0]) t.equal(await decoder.decodeSlice(slices[i]!), pixels)
  t.strictSame(decoded, [1, 2, 3, 1])
})

t.test('what cannot be decoded fails each time', async t => {
  const decoder = recentFrames({ decodeSlice: async () => { throw new AppError('pixel-decode-failed', 'cut') } })
  for (let i = 0; i < 2; i++) await t.rejects(decoder.decodeSlice(slices[0]!), { code: 'pixel-decode-failed' })
})
