import t from 'tap'
import { parseWadoUri, renderParametersOf } from '../../src/dicomweb/wado-uri.ts'

const named = { requestType: 'WADO', studyUID: '1.2.3', seriesUID: '1.2.3.4', objectUID: '1.2.3.4.1' }
const parse = (more: Readonly<Record<string, string>> = {}) => parseWadoUri(new URLSearchParams({ ...named, ...more }))
const image = { rows: 200, columns: 100 }

t.test('the four keys that must be there are enough', async t => {
  const request = parse()
  t.strictSame([request.study, request.series, request.instance], ['1.2.3', '1.2.3.4', '1.2.3.4.1'])
  t.match(request, { contentType: undefined, transferSyntax: undefined, frame: undefined, region: undefined })
  t.strictSame(renderParametersOf(request, image), { voi: undefined, viewport: undefined, quality: 90, annotations: [] })
  t.strictSame(parse({ charset: 'iso-8859-1', bulkDataUri: 'x' }), request, 'others are ignored')
})

t.test('a mandatory key that is missing, empty or repeated is malformed, each by name', async t => {
  for (const name of Object.keys(named)) {
    const query = new URLSearchParams(named)
    query.append(name, named[name as keyof typeof named])
    t.throws(() => parseWadoUri(query), { code: 'request-malformed', message: `${name} is given twice` })
    query.delete(name)
    t.throws(() => parseWadoUri(query), { code: 'request-malformed', message: `${name} is missing` })
    query.append(name, '')
    t.throws(() => parseWadoUri(query), { code: 'request-malformed' }, name)
  }
  t.throws(() => parse({ requestType: 'wado' }), { code: 'request-malformed' })
  for (const name of ['studyUID', 'seriesUID', 'objectUID']) {
    t.throws(() => parse({ [name]: '../etc' }), { code: 'uid-invalid', message: `${name} is not a valid UID` })
  }
})

t.test('the parameters of a picture are those of PS3.18 9.5.1.2', async t => {
  const request = parse({ windowCenter: '40.5', windowWidth: '400', imageQuality: '70', frameNumber: '3', imageAnnotation: 'patient', annotation: 'technique' })
  t.strictSame(request.render, {
    voi: { kind: 'window', center: 40.5, width: 400, function: 'LINEAR' }, quality: 70, annotations: ['technique', 'patient'],
  })
  t.equal(request.frame, 3)
  const viewport = (more: Readonly<Record<string, string>>) => renderParametersOf(parse(more), image).viewport
  const whole = { left: 0, top: 0, sourceWidth: undefined, sourceHeight: undefined }
  t.strictSame(viewport({ rows: '50' }), { width: Infinity, height: 50, ...whole })
  t.strictSame(viewport({ columns: '50' }), { width: 50, height: Infinity, ...whole })
  t.strictSame(viewport({ rows: '20', columns: '50' }), { width: 50, height: 20, ...whole })
  t.strictSame(viewport({ region: '0.25,0.5,0.75,1' }),
    { width: 50, height: 100, left: 25, top: 100, sourceWidth: 50, sourceHeight: undefined }, 'its own size')
  t.strictSame(viewport({ region: '0,0,0.5,0.5', rows: '10' }), { width: Infinity, height: 10, left: 0, top: 0, sourceWidth: 50, sourceHeight: 100 })
})

t.test('every value that makes no sense is malformed, and the message repeats nothing of it', async t => {
  const bad: readonly (readonly [name: string, more: Readonly<Record<string, string>>])[] = [
    ['windowCenter', { windowCenter: '40' }], ['windowCenter', { windowWidth: '40' }],
    ['windowWidth', { windowCenter: '40', windowWidth: '0' }], ['windowWidth', { windowCenter: 'secret', windowWidth: '1' }],
    ['rows', { rows: '0' }], ['rows', { rows: '1.5' }], ['columns', { columns: 'secret' }],
    ['imageQuality', { imageQuality: '0' }], ['imageQuality', { imageQuality: '101' }],
    ['frameNumber', { frameNumber: '0' }], ['frameNumber', { frameNumber: '1,2' }], ['frameNumber', { frameNumber: '' }],
    ...['0,0,1', '0,0,1,1,1', '0,0,0,1', '0.5,0,0.5,1', '0,1,1,0', '-0.1,0,1,1', '0,0,1.1,1', 'a,0,1,1', ''].map(region => ['region', { region }] as const),
    ['transferSyntax', { transferSyntax: 'secret' }], ['annotation', { annotation: 'a b' }], ['imageAnnotation', { imageAnnotation: 'a\nb' }],
    ['anonymize', { anonymize: 'no' }], ['presentationUID', { presentationUID: '1.2' }], ['presentationUID', { presentationSeriesUID: '1.2' }],
  ]
  for (const [parameter, more] of bad) {
    t.throws(() => parse(more), { code: 'request-malformed', facts: { parameter }, message: /^(?!.*secret)/ }, JSON.stringify(more))
  }
  t.throws(() => parse({ anonymize: 'yes' }), { code: 'not-acceptable' })
  t.throws(() => parse({ presentationUID: '1.2', presentationSeriesUID: '1.3' }), { code: 'not-found' })
})
