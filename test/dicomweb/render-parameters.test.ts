import t from 'tap'
import { parsePixels, parseRenderParameters, parseThumbnailParameters } from '../../src/dicomweb/render-parameters.ts'

const parse = (query: string) => parseRenderParameters(new URLSearchParams(query))
const thumbnail = (query: string) => parseThumbnailParameters(new URLSearchParams(query))

t.test('without parameters the header rules', async t => {
  t.strictSame(parse(''), { voi: undefined, viewport: undefined, quality: 90, annotations: [] })
  t.strictSame(parse('unknown=1&accept=image/png').voi, undefined)
})

t.test('window is center, width and function', async t => {
  t.strictSame(parse('window=40,400,linear').voi, { kind: 'window', center: 40, width: 400, function: 'LINEAR' })
  t.strictSame(parse('window=-0.5,1e3,linear-exact').voi, { kind: 'window', center: -0.5, width: 1000, function: 'LINEAR_EXACT' })
  t.strictSame(parse('window=40,.5,Sigmoid').voi, { kind: 'window', center: 40, width: 0.5, function: 'SIGMOID' })
})

t.test('viewport is a size and, with gaps, a region', async t => {
  const whole = { left: 0, top: 0, sourceWidth: undefined, sourceHeight: undefined }
  t.strictSame(parse('viewport=512,256').viewport, { width: 512, height: 256, ...whole })
  t.strictSame(parse('viewport=512,256,10,20.5,-30,40').viewport,
    { width: 512, height: 256, left: 10, top: 20.5, sourceWidth: -30, sourceHeight: 40 })
  t.strictSame(parse('viewport=512,256,,20,,40').viewport, { width: 512, height: 256, ...whole, top: 20, sourceHeight: 40 })
})

t.test('annotation is a list of keywords', async t => {
  t.strictSame(parse('annotation=patient, technique').annotations, ['patient', 'technique'])
  t.strictSame(parse('annotation=').annotations, [])
})

t.test('a thumbnail knows the size of its viewport alone', async t => {
  t.match(thumbnail(''), { viewport: { width: 128, height: 128 }, quality: 90, voi: undefined })
  t.match(thumbnail('viewport=64,32&window=nonsense&quality=0'), { viewport: { width: 64, height: 32 }, quality: 90, voi: undefined })
  t.throws(() => thumbnail('viewport=64,32,1,1'), { code: 'request-malformed', facts: { parameter: 'viewport' } })
})

t.test('everything else is malformed, and the message repeats nothing of it', async t => {
  const bad: Readonly<Record<string, readonly string[]>> = {
    window: ['', '40', '40,400', '40,400,linear,1', '40,400,cubic', 'x,400,linear', '40,0.5,linear', '40,0,sigmoid', '40,-1,linear-exact', '1e999,1,linear', ',,linear', '40,400,constructor'],
    viewport: ['', '512', '0,512', '512,-1', '5.5,5', '512,512,a', '512,512,0,0,0,10', '512,512,0,0,10,0', '1,2,3,4,5,6,7', '100000,1'],
    quality: ['', '0', '101', '-1', '1.5', 'high', '0x10'],
    annotation: ['a\r\nSet-Cookie: b', 'a b', 'x'.repeat(65), 'a,'.repeat(17)],
  }
  for (const [parameter, values] of Object.entries(bad)) {
    for (const value of values) {
      const query = new URLSearchParams({ [parameter]: value })
      t.throws(() => parseRenderParameters(query), { code: 'request-malformed', facts: { parameter } }, `${parameter}=${value}`)
    }
    const twice = new URLSearchParams([[parameter, ''], [parameter, '']])
    t.throws(() => parseRenderParameters(twice), { code: 'request-malformed', message: `${parameter} is given twice` })
  }
  t.throws(() => parsePixels('rows', 'secret'), { message: 'rows is not a whole number of pixels' })
})
