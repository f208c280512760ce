import t from 'tap'
import { bilinearRows } from '../../src/imaging/bilinear-rows.ts'
import { applyAffine, invertAffine } from '../../src/imaging/affine.ts'
import type { AffineMap } from '../../src/imaging/raster.ts'

const grid = { width: 4, height: 3, values: Float32Array.of(0, 0.5, 1, 0.25, 0.125, 0.75, 0, 1, 1, 0.5, 0.375, 0.625) }

/** Bilinear interpolation as a sum of tents, one on each pixel; held over the outermost half pixel, 0 beyond. */
function tents (x: number, y: number): number {
  if (x < -0.5 || y < -0.5 || x > grid.width - 0.5 || y > grid.height - 0.5) return 0
  const [column, row] = [Math.min(Math.max(x, 0), grid.width - 1), Math.min(Math.max(y, 0), grid.height - 1)]
  return grid.values.reduce((sum, value, i) =>
    sum + value * Math.max(0, 1 - Math.abs(column - i % grid.width)) * Math.max(0, 1 - Math.abs(row - Math.floor(i / grid.width))), 0)
}

const maps: Record<string, AffineMap> = {
  'scaled and moved': { a: 1.5, b: 0, c: 1, d: 0, e: 2, f: -0.75 },
  'mirrored both ways': { a: -1.25, b: 0, c: 5, d: 0, e: -1, f: 4 },
  'axes swapped': { a: 0, b: 2, c: 0.5, d: 1.5, e: 0, f: 1 },
  'axes swapped and mirrored': { a: 0, b: -1.75, c: 6, d: 1, e: 0, f: 0 },
  'turned by 30 degrees': { a: 0.866, b: -0.5, c: 3, d: 0.5, e: 0.866, f: -1 },
}

for (const [name, toSource] of Object.entries(maps)) {
  t.test(`a grid is read where its affine puts it: ${name}`, async t => {
    const back = invertAffine(toSource)
    for (const factor of [1, 3]) {
      const [width, height] = [9 * factor, 8 * factor]
      const row = new Float64Array(width)
      const read = bilinearRows(grid, toSource, { width, height, factor })
      // not in their order either: what is kept of the row before must not matter
      for (const y of [...Array(height).keys(), 3, 0, 5]) {
        read(y, row)
        const wanted = Array.from(row, (_, x) => tents(...applyAffine(back, (x + 0.5) / factor - 0.5, (y + 0.5) / factor - 0.5)))
        t.ok(row.every((value, x) => Math.abs(value - wanted[x]!) < 1e-12), `row ${y} of factor ${factor}`)
        if (y === 2 * factor) t.ok(row.some(value => value > 0), 'something lies here')
      }
    }
  })
}

t.test('grey values are read as well as maps', async t => {
  const row = new Float64Array(2)
  bilinearRows({ width: 2, height: 1, values: Uint8Array.of(10, 30) }, { a: 1, b: 0, c: 0.5, d: 0, e: 1, f: 0 }, { width: 2, height: 1, factor: 1 })(0, row)
  t.strictSame([...row], [10, 20])
})
