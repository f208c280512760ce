import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { parseRenderParameters } from '../../src/dicomweb/render-parameters.ts'
import { renderFrame } from '../../src/dicomweb/rendered.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { dataPath } from '../helpers/data.ts'
import { mrSlices } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'
import { brokenRle, dicomFile, multipart } from './support/dicom-file.ts'
import { readMultipart } from './support/read-multipart.ts'
import { testService, type TestService } from './support/test-service.ts'

const series = '/dicom-web/studies/1.2.3/series/1.2.3.4'
const instance = `${series}/instances/1.2.3.4.1`
const png = { accept: 'image/png' }

/** A picture as Pillow opens it: format, mode, size and its samples, row by row. */
interface Picture { readonly format: string, readonly mode: string, readonly size: [number, number], readonly data: number[] }

function look (t: { testdir: () => string }, bytes: Buffer): Picture {
  const path = join(t.testdir(), 'picture')
  writeFileSync(path, bytes)
  const script = 'import json, sys\nfrom PIL import Image\ni = Image.open(sys.argv[1])\n' +
    'print(json.dumps({"format": i.format, "mode": i.mode, "size": i.size, "data": list(i.tobytes())}))'
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script, path], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout) as Picture
}

async function withImage (t: Parameters<typeof testService>[0], options: Parameters<typeof dicomFile>[0] = {}): Promise<TestService> {
  const service = await testService(t)
  const { statusCode } = await service.store(multipart([dicomFile(options)]))
  if (statusCode !== 200) throw new Error(`stored with ${statusCode}`)
  return service
}

t.test('a frame is drawn as JPEG, or losslessly as PNG, through the window that was asked for', async t => {
  if (!requireTool(t, 'python3')) return
  const service = await withImage(t)
  const get = async (url: string, headers = {}) => await service.inject({ url, headers })
  // stored values are 0, 100 … 1500; c 750, w 1500: x / 1500, and linear-exact makes bytes of it
  const ramp = Array.from({ length: 16 }, (_, i) => Math.round(255 * i / 15))
  for (const url of [`${instance}/rendered`, `${instance}/frames/1/rendered`]) {
    const exact = await get(`${url}?window=750,1500,linear-exact`, png)
    t.equal(exact.headers['content-type'], 'image/png')
    t.strictSame(look(t, exact.rawPayload), { format: 'PNG', mode: 'L', size: [4, 4], data: ramp })
    const jpeg = await get(`${url}?window=750,1500,linear-exact&quality=100`)
    t.equal(jpeg.headers['content-type'], 'image/jpeg')
    const seen = look(t, jpeg.rawPayload)
    t.match(seen, { format: 'JPEG', mode: 'L', size: [4, 4] })
    t.ok(seen.data.every((value, i) => Math.abs(value - ramp[i]!) <= 3), String(seen.data))
  }
  // PS3.3 C.11.2.1.2.1: c = 700.5 and w = 3 part 699 from 701, 700 is half-way
  const linear = look(t, (await get(`${instance}/rendered?window=700.5,3,linear&accept=image/png`)).rawPayload)
  t.strictSame(linear.data, [...Array<number>(7).fill(0), 128, ...Array<number>(8).fill(255)])
  // PS3.3 C.11.2.1.3.1: 1 / (1 + e^-4) at c + w
  const sigmoid = look(t, (await get(`${instance}/rendered?window=500,1000,sigmoid`, png)).rawPayload)
  t.strictSame([sigmoid.data[5], sigmoid.data[15]], [128, Math.round(255 / (1 + Math.exp(-4)))])
})

t.test('a viewport scales, cuts out and mirrors, and keeps the aspect', async t => {
  if (!requireTool(t, 'python3')) return
  const service = await withImage(t)
  const get = async (query: string) =>
    look(t, (await service.inject({ url: `${instance}/rendered?window=750,1500,linear-exact&${query}`, headers: png })).rawPayload)
  t.strictSame((await get('viewport=8,100')).size, [8, 8])
  t.strictSame((await get('viewport=2,100')).size, [2, 2])
  t.strictSame((await get('viewport=100,10,0,0,4,2')).size, [20, 10])
  t.strictSame((await get('viewport=2,2,1,1,2,2')).data, [5, 6, 9, 10].map(i => 17 * i))
  t.strictSame((await get('viewport=2,2,1,1,-2,2')).data, [6, 5, 10, 9].map(i => 17 * i))
  t.strictSame((await get('viewport=2,2,1,1,2,-2')).data, [9, 10, 5, 6].map(i => 17 * i))
  t.strictSame((await get('viewport=2,2,2,2')).data, [10, 11, 14, 15].map(i => 17 * i), 'to the edge')
  t.strictSame((await get('viewport=1,1,0,0,4,1')).data, [26], 'the mean of 0, 17, 34 and 51')
})

t.test('quality makes a JPEG larger', async t => {
  const path = dataPath(t, 'mr-dicom/nema-wg04/MR4_J2KR')
  if (path === undefined) return
  const service = await testService(t)
  const url = `${retrieveUrl(await service.store(multipart([readFileSync(path)])))}/rendered`
  const sizes: number[] = []
  for (const quality of [1, 50, 100]) sizes.push((await service.inject({ url: `${url}?quality=${quality}` })).rawPayload.length)
  t.ok(sizes[0]! < sizes[1]! && sizes[1]! < sizes[2]!, sizes.join(' < '))
})

t.test('colour is drawn as colour', async t => {
  if (!requireTool(t, 'python3')) return
  const pixels = Buffer.from(Array.from({ length: 16 }, (_, i) => [i * 16, 255 - i * 16, 7]).flat())
  const service = await withImage(t, {
    pixels,
    change: {
      '00280002': ['00280002', 'US', [3]], '00280004': ['00280004', 'CS', 'RGB'], '00280006': ['00280006', 'US', [0]], '00280100': ['00280100', 'US', [8]], '00280101': ['00280101', 'US', [8]], '00280102': ['00280102', 'US', [7]],
    },
  })
  const seen = look(t, (await service.inject({ url: `${instance}/rendered?window=1,2,linear`, headers: png })).rawPayload)
  t.strictSame([seen.mode, seen.data], ['RGB', [...pixels]])
  const scaled = look(t, (await service.inject({ url: `${instance}/rendered?viewport=1,1,0,0,2,1`, headers: png })).rawPayload)
  t.strictSame(scaled.data, [8, 247, 7])
  const jpeg = look(t, (await service.inject({ url: `${instance}/rendered?quality=100` })).rawPayload)
  t.strictSame([jpeg.format, jpeg.mode, jpeg.size], ['JPEG', 'RGB', [4, 4]])
})

t.test('several frames come in one message, in their order; an image of several is shown by its first', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/emri_small_jpeg_ls_lossless.dcm')
  if (path === undefined) return
  const service = await testService(t)
  const url = retrieveUrl(await service.store(multipart([readFileSync(path)])))
  const get = async (end: string, accept?: string) => await service.inject({ url: `${url}/${end}`, headers: accept === undefined ? {} : { accept } })
  const answer = await get('frames/3,1/rendered', 'multipart/related; type="image/png"')
  const parts = readMultipart(answer.rawPayload, answer.headers['content-type'])
  t.strictSame(parts.map(part => part.headers), ['Content-Type: image/png', 'Content-Type: image/png'])
  const one = (await get('frames/1/rendered', 'image/png')).rawPayload
  t.strictSame(parts.map(part => part.content), [(await get('frames/3/rendered', 'image/png')).rawPayload, one])
  t.strictSame((await get('rendered', 'image/png')).rawPayload, one)
  t.match((await get('frames/3,1/rendered')).headers['content-type'], /^multipart\/related; type="image\/jpeg"/)
  t.equal((await get('frames/3,1/rendered', 'image/jpeg')).statusCode, 406, 'two pictures are no picture')
  t.equal((await get('frames/11/rendered')).statusCode, 404)
  t.equal((await get('frames/0/rendered')).statusCode, 400)
  t.equal((await get('frames/2/thumbnail')).headers['content-type'], 'image/jpeg')
  t.equal((await get('frames/11/thumbnail')).statusCode, 404)
})

t.test('what cannot be drawn as asked has its status', async t => {
  const service = await withImage(t)
  const status = async (end: string, accept?: string) =>
    (await service.inject({ url: `${instance}/${end}`, headers: accept === undefined ? {} : { accept } })).statusCode
  for (const query of ['window=1,0,linear', 'quality=0', 'quality=101', 'viewport=5', 'viewport=4,4,0,0,5,5', 'viewport=4,4,4,0', 'viewport=4,4,-1,0', 'quality=1&quality=1']) {
    t.equal(await status(`rendered?${query}`), 400, query)
  }
  t.equal(await status('thumbnail?viewport=1,1,0,0,1,1'), 400)
  t.equal(await status('rendered?viewport=99999,99999'), 413)
  t.equal(await status('rendered', 'image/gif'), 406)
  t.equal(await status('rendered', 'application/dicom'), 406)
  t.equal(await status('thumbnail', 'image/png'), 406)
  t.equal(await status('rendered', 'application/dicom, image/jpeg'), 400)
  t.equal(await status('rendered', 'multipart/related; type="application/dicom+xml", image/png'), 400)
  t.equal(await status('rendered', 'text/html,image/avif,*/*;q=0.8'), 200, 'a browser')
  t.equal(await status('rendered', 'multipart/related'), 200)
  t.equal((await service.inject({ url: `${series}/instances/1.9/rendered` })).statusCode, 404)
  await service.archive.eraseStudy('1.2.3' as never)
  t.equal(await status('rendered'), 410)
  t.equal(await status('thumbnail'), 410)
})

t.test('annotations are not drawn, and the answer says so', async t => {
  const service = await withImage(t)
  const { headers, statusCode } = await service.inject({ url: `${instance}/rendered?annotation=patient,technique` })
  t.equal(statusCode, 200)
  t.match(headers.warning, /^299 http.*\/dicom-web: The following annotation values are not supported: patient, technique$/)
  t.equal((await service.inject({ url: `${instance}/rendered` })).headers.warning, undefined)
})

t.test('a frame beyond the limit is not decoded', async t => {
  const decoder = createDecoder({ workers: 1 })
  t.teardown(async () => { await decoder.close() })
  const [slice] = mrSlices(1)
  const plain = parseRenderParameters(new URLSearchParams())
  await t.rejects(renderFrame(slice!, plain, 'image/png', decoder, 96 * 80 - 1), { code: 'instance-too-large', facts: { rows: 96, columns: 80 } })
  t.equal((await renderFrame(slice!, plain, 'image/png', decoder, 96 * 80))[1], 'P'.charCodeAt(0))
})

t.test('a thumbnail is a small picture of the middle image of the largest series', async t => {
  if (!requireTool(t, 'python3')) return
  const service = await testService(t)
  /** The picture's mean tells which image it is of. */
  const image = (sop: string, instanceNumber: string, bright: number) => dicomFile({
    sop,
    change: { '00200013': ['00200013', 'IS', instanceNumber] },
    pixels: Buffer.from(Uint16Array.from({ length: 16 }, (_, i) => i < bright ? 1000 : 0).buffer),
  })
  await service.store(multipart([
    image('1.2.3.4.3', '3', 12), image('1.2.3.4.2', '2', 8), image('1.2.3.4.1', '1', 4), dicomFile({ sop: '1.2.3.5.1', series: '1.2.3.5' }),
  ]))
  const middle = (await service.inject({ url: `${series}/instances/1.2.3.4.2/thumbnail` })).rawPayload
  const seen = look(t, middle)
  t.match(seen, { format: 'JPEG', mode: 'L', size: [128, 128] })
  const mean = seen.data.reduce((sum, value) => sum + value, 0) / seen.data.length
  t.ok(Math.abs(mean - 127.5) < 8, `half of it is bright: ${mean}`)
  for (const url of ['/dicom-web/studies/1.2.3/thumbnail', `${series}/thumbnail`]) {
    t.strictSame((await service.inject({ url })).rawPayload, middle, url)
  }
  t.strictSame(look(t, (await service.inject({ url: `${series}/thumbnail?viewport=40,20` })).rawPayload).size, [20, 20])
})

t.test('burned-in annotation gets no thumbnail, and neither does what is no image', async t => {
  const service = await withImage(t, { change: { '00280301': ['00280301', 'CS', 'YES'] } })
  t.equal((await service.inject({ url: `${instance}/thumbnail` })).statusCode, 404)
  t.equal((await service.inject({ url: `${instance}/rendered` })).statusCode, 200)
  const report = await withReport(t)
  t.equal((await report.inject({ url: '/dicom-web/studies/1.2.3/thumbnail' })).statusCode, 404)
})

t.test('a report is a page that can run nothing, or text (D8)', async t => {
  const service = await withReport(t, '<script>alert(1)</script>')
  const page = await service.inject({ url: `${instance}/rendered` })
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.match(page.headers['content-security-policy'], /^default-src 'none';/)
  t.equal(page.headers['x-content-type-options'], 'nosniff')
  t.notMatch(page.body, '<script')
  t.match(page.body, '&#60;script&#62;alert(1)&#60;/script&#62;')
  const text = await service.inject({ url: `${instance}/rendered`, headers: { accept: 'text/plain' } })
  t.equal(text.headers['content-type'], 'text/plain; charset=utf-8')
  t.match(text.body, /^Report\r\n(.*\r\n)*Finding: <script>alert\(1\)<\/script>\r\n/)
  t.equal((await service.inject({ url: `${instance}/rendered`, headers: { accept: 'image/jpeg' } })).statusCode, 406)
  t.equal((await service.inject({ url: `${instance}/rendered?quality=0` })).statusCode, 400)
  t.equal((await service.inject({ url: `${instance}/frames/1/rendered` })).statusCode, 404)
})

t.test('a study or a series is a part per instance, each in the form that is accepted', async t => {
  const service = await testService(t)
  await service.store(multipart([
    dicomFile(), dicomFile({ sop: '1.2.3.4.2', change: { '00200013': ['00200013', 'IS', '2'] } }), dicomFile({ sop: '1.2.3.9.3', series: '1.2.3.9' }),
    Buffer.from(encodePart10(reportOf('none', '1.2.840.10008.5.1.4.1.1.88.34', '1.2.3.5.1', '1.2.3.5'))),
  ]))
  const get = async (url: string, accept?: string) => await service.inject({ url, headers: accept === undefined ? {} : { accept } })
  const partsOf = async (url: string, accept?: string) => {
    const answer = await get(url, accept)
    t.equal(answer.statusCode, 200, `${url} ${accept}`)
    return readMultipart(answer.rawPayload, answer.headers['content-type'])
      .map(({ headers }) => /^Content-Type: ([^\r]*)\r\nContent-Location: http.*\/instances\/([\d.]+)\/rendered$/.exec(headers)!.slice(1, 3))
  }
  const jpeg = (sop: string) => ['image/jpeg', sop]
  const report = ['text/html; charset=utf-8', '1.2.3.5.1']
  const study = '/dicom-web/studies/1.2.3/rendered'
  t.strictSame(await partsOf(`${series}/rendered`), [jpeg('1.2.3.4.1'), jpeg('1.2.3.4.2')])
  t.strictSame(await partsOf(study), [jpeg('1.2.3.4.1'), jpeg('1.2.3.4.2'), report, jpeg('1.2.3.9.3')])
  t.strictSame(await partsOf(study, 'multipart/related; type="image/png"'), ['1.2.3.4.1', '1.2.3.4.2', '1.2.3.9.3'].map(sop => ['image/png', sop]))
  t.strictSame(await partsOf(study, 'multipart/related; type=text/plain, multipart/related; type=image/jpeg;q=0.1'),
    [jpeg('1.2.3.4.1'), jpeg('1.2.3.4.2'), ['text/plain; charset=utf-8', '1.2.3.5.1'], jpeg('1.2.3.9.3')])
  t.match((await get(study)).headers['content-type'], /^multipart\/related; type="image\/jpeg"; boundary=/)
  const windowed = await get(`${series}/rendered?accept=multipart/related;type="image/png"&window=750,1500,linear-exact&viewport=8,8&annotation=patient`)
  t.match(windowed.headers.warning, /^299 .* not supported: patient$/)
  const [part] = readMultipart(windowed.rawPayload, windowed.headers['content-type'])
  t.ok(part!.content.equals((await get(`${instance}/rendered?accept=image/png&window=750,1500,linear-exact&viewport=8,8`)).rawPayload), 'as the instance alone')
  for (const url of [study, `${series}/rendered`]) {
    t.equal((await get(url, 'image/jpeg')).statusCode, 406, 'a single part is no study (PS3.18 10.4.4)')
    t.equal((await get(url, 'multipart/related; type="image/gif"')).statusCode, 406)
    t.equal((await get(url, 'multipart/related; type="application/dicom", multipart/related; type="image/jpeg"')).statusCode, 400)
    t.equal((await get(`${url}?window=1`)).statusCode, 400)
    t.equal((await get(`${url}?viewport=99999,99999`)).statusCode, 413)
    t.equal((await get(`${url}?viewport=4,4,0,0,5,5`)).statusCode, 400)
  }
  t.equal((await get('/dicom-web/studies/1.9/rendered')).statusCode, 404)
  await service.archive.eraseStudy('1.2.3' as never)
  for (const url of [study, `${series}/rendered`]) t.equal((await get(url)).statusCode, 410)
})

t.test('what cannot be decoded cannot be drawn: 422', async t => {
  const service = await testService(t)
  await service.store(multipart([brokenRle()]))
  for (const url of [`${instance}/rendered`, `${instance}/thumbnail`, `${instance}/frames/1/rendered`, `${instance}/frames/1/thumbnail`, `${instance}/frames/1`,
    `${instance}/bulkdata/7FE00010`, `${series}/rendered`, '/dicom-web/studies/1.2.3/rendered', `${series}/thumbnail`]) {
    t.equal((await service.inject({ url })).statusCode, 422, url)
  }
})

t.test('an image beyond TUBERLENS_RENDER_MAX_PIXELS is not drawn: 413', async t => {
  const service = await testService(t, { settings: { renderMaxPixels: 15 } })
  await service.store(multipart([dicomFile()]))
  for (const url of [`${instance}/rendered`, `${instance}/frames/1/rendered`, `${series}/rendered`, '/dicom-web/studies/1.2.3/rendered', `${instance}/thumbnail`]) {
    t.equal((await service.inject({ url })).statusCode, 413, url)
  }
})

t.test('an encapsulated report is given as the PDF that it holds, without padding', async t => {
  const service = await testService(t)
  const pdf = Buffer.from('%PDF-1.7 odd')
  const change = (document: Dataset) => Buffer.from(encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.104.1', SOPInstanceUID: '1.2.3.4.1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.4', Modality: 'MR', ...document,
  }))
  const padded = new Uint8Array(pdf.length + 2)
  padded.set(pdf)
  await service.store(multipart([change({ EncapsulatedDocument: [padded.buffer], EncapsulatedDocumentLength: pdf.length })]))
  const answer = await service.inject({ url: `${instance}/rendered` })
  t.strictSame([answer.statusCode, answer.headers['content-type']], [200, 'application/pdf'])
  t.ok(answer.rawPayload.equals(pdf))
  t.equal((await service.inject({ url: `${instance}/rendered`, headers: { accept: 'image/jpeg' } })).statusCode, 406)
  for (const url of ['/dicom-web/studies/1.2.3/rendered', '/dicom-web/studies/1.2.3/series/1.2.3.4/rendered']) {
    const several = await service.inject({ url, headers: { accept: 'multipart/related; type="application/pdf"' } })
    t.equal(several.statusCode, 200)
    t.match(several.payload, /Content-Type: application\/pdf\r\n[^]*\r\n\r\n%PDF-1\.7 odd\r\n--/)
  }
  const query = '/dicom-web/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1'
  for (const url of [query, `${query}&contentType=application/pdf`]) {
    const one = await service.inject({ url })
    t.strictSame([one.statusCode, one.headers['content-type'], one.payload], [200, 'application/pdf', '%PDF-1.7 odd'])
  }
  t.equal((await service.inject({ url: `${query}&contentType=application/dicom` })).headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
  t.equal((await service.inject({ url: `${query}&contentType=image/jpeg` })).statusCode, 406)
  const empty = await testService(t)
  await empty.store(multipart([change({})]))
  t.equal((await empty.inject({ url: `${instance}/rendered` })).statusCode, 406)
})

t.test('what is neither an image nor a report has no rendered form', async t => {
  const service = await withReport(t, '', '1.2.840.10008.5.1.4.1.1.66')
  t.equal((await service.inject({ url: `${instance}/rendered` })).statusCode, 406)
})

t.test('real images of all codecs are drawn, and no two forms of one image differ', async t => {
  const folder = dataPath(t, 'mr-dicom/nema-wg04')
  if (folder === undefined) return
  const drawn = new Map<string, Buffer>()
  for (const name of readdirSync(folder).filter(name => /^MR4_(UNC|J2KR|JLSL|JPLL|RLE)$/.test(name))) {
    const service = await testService(t)
    const url = retrieveUrl(await service.store(multipart([readFileSync(join(folder, name))])))
    const { statusCode, rawPayload } = await service.inject({ url: `${url}/rendered`, headers: png })
    t.equal(statusCode, 200, name)
    drawn.set(name, rawPayload)
  }
  t.equal(drawn.size, 5)
  for (const [name, bytes] of drawn) t.ok(bytes.equals(drawn.get('MR4_UNC')!), name)
})

/** RetrieveURL of the one instance that was stored. */
function retrieveUrl (answer: { json: () => unknown }): string {
  const { '00081199': { Value: [item] } } = answer.json() as { '00081199': { Value: { '00081190': { Value: string[] } }[] } }
  return item!['00081190'].Value[0]!
}

/** A service that holds a report with one finding. The receiving rule of these tests keeps what calls itself MR. */
async function withReport (
  t: Parameters<typeof testService>[0], finding = 'none', sopClass = '1.2.840.10008.5.1.4.1.1.88.34',
): Promise<TestService> {
  const service = await testService(t)
  const { statusCode, body } = await service.store(multipart([Buffer.from(encodePart10(reportOf(finding, sopClass)))]))
  if (statusCode !== 200) throw new Error(`stored with ${statusCode}: ${body}`)
  return service
}

function reportOf (finding: string, sopClass: string, sop = '1.2.3.4.1', seriesUid = '1.2.3.4'): Dataset {
  const concept = (CodeMeaning: string) => [{ CodeValue: 'X', CodingSchemeDesignator: '99TEST', CodeMeaning }]
  return {
    SOPClassUID: sopClass,
    SOPInstanceUID: sop,
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: seriesUid,
    Modality: 'MR',
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: concept('Report'),
    ContentSequence: [{ RelationshipType: 'CONTAINS', ValueType: 'TEXT', ConceptNameCodeSequence: concept('Finding'), TextValue: finding }],
  }
}
