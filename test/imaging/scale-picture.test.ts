import t from 'tap'
import { scalePicture } from '../../src/imaging/scale-picture.ts'

const plain = { mirrored: false, upsideDown: false }
/** 3 columns, 2 rows */
const gray = { width: 3, height: 2, data: Uint8Array.of(10, 20, 30, 40, 50, 60) }

t.test('a region is cut out, and mirrored either way', async t => {
  const region = { left: 1, top: 0, width: 2, height: 2 }
  const cut = (mirrored: boolean, upsideDown: boolean) => [...scalePicture(gray, { region, width: 2, height: 2, mirrored, upsideDown }).data]
  t.strictSame(cut(false, false), [20, 30, 50, 60])
  t.strictSame(cut(true, false), [30, 20, 60, 50])
  t.strictSame(cut(false, true), [50, 60, 20, 30])
  t.strictSame(cut(true, true), [60, 50, 30, 20])
})

t.test('shrinking averages, enlarging interpolates', async t => {
  const whole = { left: 0, top: 0, width: 3, height: 2 }
  t.strictSame(scalePicture(gray, { region: whole, width: 1, height: 1, ...plain }), { width: 1, height: 1, data: Uint8Array.of(35) })
  // between the centres of 10 and 20 a quarter and three quarters of the way
  t.strictSame([...scalePicture(gray, { region: { left: 0, top: 0, width: 2, height: 1 }, width: 4, height: 1, ...plain }).data], [10, 13, 18, 23])
})

t.test('the channels of a colour picture stay apart', async t => {
  const rgb = { width: 2, height: 1, data: Uint8Array.of(0, 100, 200, 50, 150, 250) }
  const region = { left: 0, top: 0, width: 2, height: 1 }
  t.strictSame([...scalePicture(rgb, { region, width: 2, height: 1, mirrored: true, upsideDown: false }).data], [50, 150, 250, 0, 100, 200])
  t.strictSame([...scalePicture(rgb, { region, width: 1, height: 1, ...plain }).data], [25, 125, 225])
})
