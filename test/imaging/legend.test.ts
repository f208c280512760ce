import t from 'tap'
import { blankImage } from '../../src/imaging/draw.ts'
import { freeSpace } from '../../src/imaging/free-space.ts'
import { drawLegend } from '../../src/imaging/legend.ts'
import type { LegendPart } from '../../src/imaging/legend.ts'
import type { GrayImage } from '../../src/imaging/raster.ts'

/** A disc of `radius` (1 touches the edges) with a dark hole, over air with a bright speck of noise in a corner. */
function head (size: number, radius: number): GrayImage {
  const data = new Uint8Array(size * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const distance = Math.hypot((x + 0.5) / size * 2 - 1, (y + 0.5) / size * 2 - 1)
      data[y * size + x] = distance > radius || distance < 0.2 ? 3 : 150
    }
  }
  data.fill(255, 0, 2)
  return { width: size, height: size, data }
}

const parts: LegendPart[] = [
  { phrases: ['Grad-CAM, per-slice max-normalised; not a probability, not a lesion outline'], color: [255, 255, 255], bar: true, corner: 'bottom-left' },
  { phrases: ['p(tuber)=0.93', 'POSITIVE (>=0.50)'], color: [255, 255, 255], bar: false, corner: 'bottom-right' },
  { phrases: ['RESEARCH USE ONLY', 'NOT FOR DIAGNOSTIC USE'], color: [255, 196, 84], bar: false, corner: 'top-left' },
]

/** Fraction of pixels drawn on, in each quarter of the canvas; `inHead` counts those within the radius. */
function drawnOn (size: number, radius: number, found: (drawn: boolean) => void) {
  const image = head(size / 2, radius)
  const canvas = blankImage(size, size, [1, 1, 1])
  found(drawLegend(canvas, freeSpace(image, 2), parts, 'RESEARCH ONLY | p=0.93'))
  let inHead = 0
  const corners = { topLeft: 0, topRight: 0, bottomLeft: 0, bottomRight: 0 }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (canvas.data[(y * size + x) * 3] === 1) continue
      if (Math.hypot((x + 0.5) / size * 2 - 1, (y + 0.5) / size * 2 - 1) <= radius) inHead++
      corners[`${y < size / 2 ? 'top' : 'bottom'}${x < size / 2 ? 'Left' : 'Right'}`]++
    }
  }
  return { inHead, corners }
}

t.test('the head is taken, its dark inside too; air and a speck of noise are free', async t => {
  const space = freeSpace(head(128, 0.7), 4)
  t.equal(space.width, 512)
  t.notOk(space.isFree({ x: 250, y: 250, width: 8, height: 8 }), 'the hole')
  t.notOk(space.isFree({ x: 0, y: 200, width: 512, height: 8 }), 'across the head')
  t.ok(space.isFree({ x: 0, y: 0, width: 60, height: 60 }))
  t.notOk(space.isFree({ x: -4, y: 0, width: 8, height: 8 }), 'beyond the canvas')
  t.notOk(space.isFree({ x: 508, y: 0, width: 8, height: 8 }), 'beyond the canvas')
  space.take({ x: 0, y: 0, width: 16, height: 16 })
  t.notOk(space.isFree({ x: 8, y: 8, width: 60, height: 60 }), 'taken now')
})

t.test('a flat picture is all free or all taken, and never fails', async t => {
  const flat = (value: number) => freeSpace({ width: 16, height: 16, data: new Uint8Array(256).fill(value) }, 1)
  t.ok(flat(0).isFree({ x: 0, y: 0, width: 16, height: 16 }))
  t.notOk(flat(200).isFree({ x: 0, y: 0, width: 4, height: 4 }))
})

t.test('beside a head there is room in the corners, and nothing is drawn on the head', async t => {
  const { inHead, corners } = drawnOn(576, 0.78, drawn => t.equal(drawn, true))
  t.equal(inHead, 0)
  t.ok(corners.topLeft > 0 && corners.bottomLeft > 0 && corners.bottomRight > 0)
  t.equal(corners.topRight, 0)
})

t.test('a head that fills the field leaves one line along the lower edge', async t => {
  const size = 512
  const canvas = blankImage(size, size, [1, 1, 1])
  const full = { width: 256, height: 256, data: new Uint8Array(65536).fill(120) }
  t.equal(drawLegend(canvas, freeSpace(full, 2), parts, 'RESEARCH ONLY | p=0.93'), false)
  const touched = (row: number) => canvas.data.subarray(row * size * 3, (row + 1) * size * 3).some(value => value !== 1)
  t.notOk(Array.from({ length: size - 14 }, (_, row) => touched(row)).includes(true))
  t.ok(touched(size - 8))
})

t.test('a part may be larger, and one that is optional is left out where there is no room', async t => {
  const drawn = (phrases: string[], optional: boolean) => {
    const canvas = blankImage(512, 512, [1, 1, 1])
    const extra: LegendPart = { phrases, color: [255, 0, 0], bar: false, corner: 'top-right', scale: 2, optional }
    const found = drawLegend(canvas, freeSpace(head(256, 0.7), 2), [...parts, extra], 'short')
    let [red, single] = [0, 0]
    const isRed = (x: number, y: number) => canvas.data[(y * 512 + x) * 3] === 255 && canvas.data[(y * 512 + x) * 3 + 1] === 0
    for (let y = 1; y < 511; y++) {
      for (let x = 1; x < 511; x++) {
        if (!isRed(x, y)) continue
        red++
        if (!isRed(x - 1, y) && !isRed(x + 1, y)) single++
      }
    }
    return { found, red, single }
  }
  const { found, red, single } = drawn(['p=0.93'], true)
  t.ok(found && red > 100)
  t.equal(single, 0, 'every dot is two pixels wide')
  t.strictSame(drawn(['x'.repeat(200)], true), { found: true, red: 0, single: 0 }, 'the others are drawn all the same')
  t.match(drawn(['x'.repeat(200)], false), { found: false, red: 0 }, 'one that is not optional costs the others')
})
