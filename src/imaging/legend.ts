import { colorBar } from './colormap.ts'
import { drawImage, drawText, fillBox, strokeBox, textHeight, textWidth, wrapText } from './draw.ts'
import type { Box, Color } from './draw.ts'
import type { FreeSpace } from './free-space.ts'
import type { RgbImage } from './raster.ts'

/** One part of a legend: text, and above it the colour bar where the part has one. */
export interface LegendPart {
  /** Each begins a line where lines are short; they share lines where they are long. */
  readonly phrases: readonly string[]
  readonly color: Color
  readonly bar: boolean
  /** Pixels of the canvas for one of a glyph; 1 unless told. */
  readonly scale?: number
  /** Left out where there is no room for it. */
  readonly optional?: boolean
  /** Where it goes when there is room. */
  readonly corner: 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right'
}

const black: Color = [0, 0, 0]
const gray: Color = [200, 200, 200]
const margin = 4
/** Between two parts. */
const gap = 8
const barHeight = 8
/** Bar, gap and the scale under it. */
const barBlock = barHeight + 3 + 14
/** Characters in a line: a corner that is too narrow for one may hold the next; the long ones are for a strip along an edge. */
const lineLengths = [22, 19, 16, 13, 44, 72]
const longLine = 44

interface Placed { readonly part: LegendPart, readonly lines: readonly string[], readonly box: Box }

/**
 * Draws the parts where the canvas is free, near their corners, each on black. Where one that is not optional finds no room,
 * nothing of them is drawn but `short`, in one line along the lower edge.
 * @returns whether these parts found room
 */
export function drawLegend (canvas: RgbImage, space: FreeSpace, parts: readonly LegendPart[], short: string): boolean {
  const placed: Placed[] = []
  for (const part of parts) {
    const one = place(part, space)
    if (one === undefined) {
      if (part.optional === true) continue
      drawLine(canvas, short)
      return false
    }
    placed.push(one)
    space.take({ x: one.box.x - gap, y: one.box.y - gap, width: one.box.width + 2 * gap, height: one.box.height + 2 * gap })
  }
  for (const one of placed) drawPart(canvas, one)
  return true
}

/** The nearest free place to the part's corner, along the edges; fewer lines first. */
function place (part: LegendPart, space: FreeSpace): Placed | undefined {
  const { scale = 1 } = part
  let best: Placed | undefined
  let least = Infinity
  for (const [index, length] of lineLengths.entries()) {
    const paragraphs = length >= longLine ? [part.phrases.join(' ')] : part.phrases
    const lines = paragraphs.flatMap(paragraph => wrapText(paragraph, length))
    const width = Math.max(...lines.map(line => textWidth(line, scale)), part.bar ? textWidth('0   0.5   1') : 0) + 2 * margin
    const height = textHeight(lines.length, scale) + (part.bar ? barBlock : 0) + 2 * margin
    const [right, bottom] = [space.width - width, space.height - height]
    const corner = { x: part.corner.endsWith('left') ? 0 : right, y: part.corner.startsWith('top') ? 0 : bottom }
    const consider = (x: number, y: number): void => {
      const cost = Math.abs(x - corner.x) + Math.abs(y - corner.y) + index * 8
      if (cost >= least) return
      const box = { x, y, width, height }
      if (!space.isFree(box)) return
      best = { part, lines, box }
      least = cost
    }
    alongEdges(right, bottom, space.cell, consider)
  }
  return best
}

/** Visits the places of a box along the edges: `right` and `bottom` are its last ones. Of equally good places the first one counts. */
function alongEdges (right: number, bottom: number, step: number, visit: (x: number, y: number) => void): void {
  for (let x = 0; x < right; x += step) {
    visit(x, 0)
    visit(x, bottom)
  }
  for (let y = 0; y < bottom; y += step) {
    visit(0, y)
    visit(right, y)
  }
  visit(right, 0)
  visit(right, bottom)
  visit(0, bottom)
}

function drawPart (canvas: RgbImage, { part, lines, box }: Placed): void {
  fillBox(canvas, box, black)
  const { scale = 1 } = part
  const [x, width] = [box.x + margin, box.width - 2 * margin]
  let y = box.y + margin
  if (part.bar) {
    drawImage(canvas, colorBar(width, barHeight), x, y)
    strokeBox(canvas, { x, y, width, height: barHeight }, gray)
    drawText(canvas, '0', x, y + barHeight + 3, gray)
    drawText(canvas, '0.5', Math.round(x + (width - textWidth('0.5')) / 2), y + barHeight + 3, gray)
    drawText(canvas, '1', x + width - textWidth('1'), y + barHeight + 3, gray)
    y += barBlock
  }
  // text hugs the edge of its side, away from the head
  const alignRight = part.corner.endsWith('right') && box.x > 0
  for (const line of lines) {
    drawText(canvas, line, alignRight ? x + width - textWidth(line, scale) : x, y, part.color, scale)
    y += 14 * scale
  }
}

function drawLine (canvas: RgbImage, line: string): void {
  const height = textHeight(1) + 2
  const columns = Math.floor((canvas.width - 2 * margin) / 7)
  fillBox(canvas, { x: 0, y: canvas.height - height, width: canvas.width, height }, black)
  drawText(canvas, line.slice(0, columns), margin, canvas.height - height + 1, gray)
}
