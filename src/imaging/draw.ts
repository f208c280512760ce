import { glyph, glyphAdvance, glyphColumns, glyphRows, lineAdvance } from './glyphs.ts'
import type { RgbImage } from './raster.ts'

export type Color = readonly [red: number, green: number, blue: number]

/** A rectangle of pixels; `x` and `y` are its first column and row. */
export interface Box { readonly x: number, readonly y: number, readonly width: number, readonly height: number }

/** A picture of one colour. */
export function blankImage (width: number, height: number, color: Color): RgbImage {
  const image = { width, height, data: new Uint8Array(width * height * 3) }
  fillBox(image, { x: 0, y: 0, width, height }, color)
  return image
}

/** Fills a rectangle; what lies beyond the picture is left out. */
export function fillBox (image: RgbImage, box: Box, color: Color): void {
  const [left, right] = [Math.max(0, Math.round(box.x)), Math.min(image.width, Math.round(box.x + box.width))]
  const [top, bottom] = [Math.max(0, Math.round(box.y)), Math.min(image.height, Math.round(box.y + box.height))]
  if (right <= left || bottom <= top) return
  const { data, width } = image
  const [red, green, blue] = color
  const [first, end] = [(top * width + left) * 3, (top * width + right) * 3]
  for (let i = first; i < end; i += 3) {
    data[i] = red
    data[i + 1] = green
    data[i + 2] = blue
  }
  for (let y = top + 1; y < bottom; y++) data.copyWithin((y * width + left) * 3, first, end)
}

/** The outline of a rectangle, inside it. */
export function strokeBox (image: RgbImage, box: Box, color: Color, thickness = 1): void {
  const { x, y, width, height } = box
  fillBox(image, { x, y, width, height: thickness }, color)
  fillBox(image, { x, y: y + height - thickness, width, height: thickness }, color)
  fillBox(image, { x, y, width: thickness, height }, color)
  fillBox(image, { x: x + width - thickness, y, width: thickness, height }, color)
}

/** Width of a line of text in pixels, without the gap after its last character. */
export function textWidth (line: string, scale = 1): number {
  return Math.max(0, line.length * glyphAdvance - (glyphAdvance - glyphColumns)) * scale
}

/** Height of lines of text, from the top of the first to the lowest pixel of the last. */
export function textHeight (lines: number, scale = 1): number {
  return lines === 0 ? 0 : ((lines - 1) * lineAdvance + glyphRows) * scale
}

/** One line of text, its first glyph's upper left corner at x, y; only what is set is drawn. `scale` is a whole number. */
export function drawText (image: RgbImage, line: string, x: number, y: number, color: Color, scale = 1): void {
  let left = x
  for (const character of line) {
    const rows = glyph(character)
    for (let row = 0; row < rows.length; row++) {
      for (let column = 0; column < glyphColumns; column++) {
        if (((rows[row] ?? 0) >> (glyphColumns - 1 - column) & 1) === 0) continue
        fillBox(image, { x: left + column * scale, y: y + row * scale, width: scale, height: scale }, color)
      }
    }
    left += glyphAdvance * scale
  }
}

/** Breaks text at spaces into lines of at most `columns` characters; a longer word is cut. */
export function wrapText (text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter(part => part !== '')) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length <= columns) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    for (; rest.length > columns; rest = rest.slice(columns)) lines.push(rest.slice(0, columns))
    line = rest
  }
  if (line !== '') lines.push(line)
  return lines
}

/** Copies a picture into another; what lies beyond is left out. */
export function drawImage (onto: RgbImage, image: RgbImage, x: number, y: number): void {
  const left = Math.max(0, -x)
  const right = Math.min(image.width, onto.width - x)
  if (right <= left) return
  for (let row = Math.max(0, -y); row < image.height && y + row < onto.height; row++) {
    const source = image.data.subarray((row * image.width + left) * 3, (row * image.width + right) * 3)
    onto.data.set(source, ((y + row) * onto.width + x + left) * 3)
  }
}

/** A picture scaled to another size by area average, each axis on its own. */
export function fitImage (image: RgbImage, width: number, height: number): RgbImage {
  const out = { width, height, data: new Uint8Array(width * height * 3) }
  const { data } = image
  const spans = Array.from({ length: width }, (_, x) => span(x, image.width / width, image.width)).flat()
  for (let y = 0, to = 0; y < height; y++) {
    const [top, bottom] = span(y, image.height / height, image.height)
    for (let x = 0; x < width; x++, to += 3) {
      const [left, right] = [spans[2 * x]!, spans[2 * x + 1]!]
      const count = (bottom - top) * (right - left)
      let [red, green, blue] = [0, 0, 0]
      for (let row = top; row < bottom; row++) {
        const end = (row * image.width + right) * 3
        for (let i = (row * image.width + left) * 3; i < end; i += 3) {
          red += data[i]!
          green += data[i + 1]!
          blue += data[i + 2]!
        }
      }
      out.data[to] = Math.round(red / count)
      out.data[to + 1] = Math.round(green / count)
      out.data[to + 2] = Math.round(blue / count)
    }
  }
  return out
}

function span (index: number, step: number, limit: number): [number, number] {
  const from = Math.min(limit - 1, Math.floor(index * step))
  return [from, Math.min(limit, Math.max(from + 1, Math.floor((index + 1) * step)))]
}
