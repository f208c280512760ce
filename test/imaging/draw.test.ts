import { decode } from 'fast-png'
import t from 'tap'
import { blankImage, drawImage, drawText, fillBox, fitImage, strokeBox, textHeight, textWidth, wrapText } from '../../src/imaging/draw.ts'
import { glyph, glyphColumns, glyphRows } from '../../src/imaging/glyphs.ts'
import { encodePng } from '../../src/imaging/png.ts'
import type { RgbImage } from '../../src/imaging/raster.ts'

const white = [255, 255, 255] as const
const black = [0, 0, 0] as const
/** The red channel as rows of `#` and `.`. */
const picture = ({ width, height, data }: RgbImage) => Array.from({ length: height }, (_, y) =>
  Array.from({ length: width }, (_, x) => data[(y * width + x) * 3]! > 0 ? '#' : '.').join(''))

t.test('every printable ASCII character has a glyph, and no two look alike', async t => {
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCodePoint(0x20 + index))
  const drawn = printable.map(character => glyph(character))
  t.ok(drawn.every(rows => rows.length === glyphRows && rows.every(row => row >= 0 && row < 1 << glyphColumns)))
  t.equal(new Set(drawn.map(rows => rows.join())).size, 95)
  t.ok(glyph(' ').every(row => row === 0))
})

t.test('what is not ASCII is drawn as a question mark', async t => {
  t.strictSame(glyph('山'), glyph('?'))
  t.strictSame(glyph('\n'), glyph('?'))
})

t.test('text is drawn pixel by pixel at its own size', async t => {
  const image = blankImage(13, 12, black)
  drawText(image, 'TL', 0, 0, white)
  t.strictSame(picture(image), [
    '.#####.#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...#.....',
    '...#...######',
    '.............',
    '.............',
    '.............',
  ])
  t.equal(textWidth('TL'), 13)
  t.equal(textWidth(''), 0)
  t.equal(textHeight(2), 26)
  t.equal(textHeight(0), 0)
})

t.test('twice the size is every pixel twice', async t => {
  const image = blankImage(26, 4, black)
  drawText(image, 'TL', 0, 0, white, 2)
  t.strictSame(picture(image).slice(0, 2), Array(2).fill('..##########..##..........'))
  t.equal(textWidth('TL', 2), 26)
})

t.test('what lies beyond the picture is left out', async t => {
  const image = blankImage(3, 2, black)
  fillBox(image, { x: -5, y: 1, width: 7, height: 9 }, white)
  t.strictSame(picture(image), ['...', '##.'])
  drawText(image, 'W', 2, -3, white)
  const onto = blankImage(3, 3, black)
  drawImage(onto, blankImage(2, 2, white), -1, -1)
  t.strictSame(picture(onto), ['#..', '...', '...'])
  drawImage(onto, blankImage(2, 2, white), 2, 2)
  drawImage(onto, blankImage(2, 2, white), 5, 0)
  t.strictSame(picture(onto), ['#..', '...', '..#'])
})

t.test('an outline leaves its inside alone', async t => {
  const image = blankImage(5, 4, black)
  strokeBox(image, { x: 0, y: 0, width: 5, height: 4 }, white)
  t.strictSame(picture(image), ['#####', '#...#', '#...#', '#####'])
})

t.test('text is wrapped at spaces, and a word that is too long is cut', async t => {
  t.strictSame(wrapText('RESEARCH USE ONLY', 12), ['RESEARCH USE', 'ONLY'])
  t.strictSame(wrapText('abcdefgh ij', 3), ['abc', 'def', 'gh', 'ij'])
  t.strictSame(wrapText('  two   words ', 20), ['two words'])
  t.strictSame(wrapText('', 5), [])
})

t.test('a picture is fitted by area average: by hand from 4 × 2 to 2 × 1, and enlarged', async t => {
  const data = Uint8Array.from([0, 10, 20, 30, 40, 50, 60, 70].flatMap(value => [value, value, value]))
  t.strictSame([...fitImage({ width: 4, height: 2, data }, 2, 1).data], [25, 25, 25, 45, 45, 45])
  t.equal(fitImage({ width: 4, height: 2, data }, 8, 4).data[3 * 7], 30)
})

t.test('a PNG holds the picture as another reader sees it', async t => {
  const rgb = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }
  const back = decode(encodePng(rgb))
  t.strictSame([back.width, back.height, back.channels, ...back.data], [2, 1, 3, 1, 2, 3, 4, 5, 6])
  const gray = decode(encodePng({ width: 2, height: 1, data: Uint8Array.of(9, 8) }))
  t.strictSame([gray.channels, ...gray.data], [1, 9, 8])
})
