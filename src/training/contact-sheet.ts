import { encodePng } from '../imaging/png.ts'
import type { RgbImage } from '../imaging/raster.ts'

/** A picture of the sheet: brightness 0..1 and where the tuber is. */
export interface SheetPicture {
  readonly size: number
  readonly data: Float32Array
  readonly mask: Float32Array
  readonly label: 0 | 1
}

/** Share of tuber at which the outline runs. */
const outlineLevel = 0.3
const outline = [255, 96, 0] as const

/** Pictures side by side, tubers outlined, as a PNG. @param columns pictures per row */
export function contactSheet (pictures: readonly SheetPicture[], columns: number): Uint8Array {
  const size = pictures[0]?.size ?? 1
  const rows = Math.ceil(pictures.length / columns)
  const sheet: RgbImage = { width: columns * size, height: rows * size, data: new Uint8Array(columns * rows * size * size * 3) }
  for (const [n, { data, mask }] of pictures.entries()) {
    const left = n % columns * size
    const top = Math.floor(n / columns) * size
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const grey = Math.round(255 * data[y * size + x]!)
        const at = ((top + y) * sheet.width + left + x) * 3
        sheet.data.set(isOutline(mask, size, x, y) ? outline : [grey, grey, grey], at)
      }
    }
  }
  return encodePng(sheet)
}

/** Just outside the tuber, next to it. */
function isOutline (mask: Float32Array, size: number, x: number, y: number): boolean {
  if (mask[y * size + x]! > outlineLevel) return false
  const isTuber = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && column < size && row < size && mask[row * size + column]! > outlineLevel
  return isTuber(x - 1, y) || isTuber(x + 1, y) || isTuber(x, y - 1) || isTuber(x, y + 1)
}
