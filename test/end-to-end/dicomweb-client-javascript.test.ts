import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { javascriptClient } from '../helpers/javascript-client.ts'
import { listen } from '../service/support/exchange.ts'
import { testService } from '../service/support/test-service.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const flair = readdirSync(join(fixtures, 'flair')).slice(0, 4).map(name => readFileSync(join(fixtures, 'flair', name)))
const enhanced = readFileSync(join(fixtures, 'special/enhanced-flair.dcm'))
const rle = readFileSync(join(fixtures, 'special/corrupt-series/IM-0001.dcm'))

type Json = Record<string, { Value?: unknown[], BulkDataURI?: string } | undefined>
const valueOf = (dataset: Json, tag: string): string => String(dataset[tag]?.Value?.[0])
const exactly = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer
const octets = (frame: unknown): Buffer => Buffer.from(frame as ArrayBuffer)

t.test('the JavaScript dicomweb-client, which OHIF uses, stores, searches and retrieves (C3)', async t => {
  const Client = javascriptClient(t)
  if (Client === undefined) return
  const service = await testService(t)
  const url = `http://127.0.0.1:${await listen(service)}/dicom-web`
  const client = new Client({ url, verbose: false })

  await t.test('store', async t => {
    const answer = JSON.parse(await client.storeInstances({ datasets: [...flair, enhanced, rle].map(exactly) }) as string) as Json
    t.equal(answer['00081199']?.Value?.length, 6)
    t.notOk('00081198' in answer)
  })

  const rows = await client.searchForInstances({}) as Json[]
  const uidsOf = (row: Json) => ({
    studyInstanceUID: valueOf(row, '0020000D'), seriesInstanceUID: valueOf(row, '0020000E'), sopInstanceUID: valueOf(row, '00080018'),
  })
  const holder = (file: Buffer) => uidsOf(rows.find(row => file.includes(valueOf(row, '00080018')))!)
  const slice = holder(flair[0]!)

  await t.test('search', async t => {
    t.equal(rows.length, 6)
    const { studyInstanceUID, seriesInstanceUID } = slice
    const studies = await client.searchForStudies({ queryParams: { StudyInstanceUID: studyInstanceUID, fuzzymatching: true, limit: 10, includefield: '00081030,00080060' } }) as Json[]
    t.strictSame(studies.map(row => valueOf(row, '00201208')), ['6'])
    t.strictSame(await client.searchForStudies({ queryParams: { PatientID: 'nobody' } }), [])
    t.equal((await client.searchForSeries({ studyInstanceUID }) as Json[]).length, 3)
    t.equal((await client.searchForInstances({ studyInstanceUID, seriesInstanceUID, queryParams: { limit: 3 } }) as Json[]).length, 3)
  })

  await t.test('metadata', async t => {
    t.equal((await client.retrieveStudyMetadata(slice) as Json[]).length, 6)
    t.equal((await client.retrieveSeriesMetadata(slice) as Json[]).length, 4)
    const one = await client.retrieveInstanceMetadata(slice) as Json | Json[]
    t.equal(valueOf(Array.isArray(one) ? one[0]! : one, '00080018'), slice.sopInstanceUID)
  })

  await t.test('instances', async t => {
    t.ok(octets(await client.retrieveInstance(slice)).equals(flair[0]!))
    const series = (await client.retrieveSeries(slice) as ArrayBuffer[]).map(octets)
    t.equal(series.length, 4)
    for (const file of flair) t.ok(series.some(found => found.equals(file)))
    t.equal((await client.retrieveStudy(slice) as ArrayBuffer[]).length, 6)
  })

  await t.test('frames and bulk data', async t => {
    const pixels = flair[0]!.subarray(-224 * 224 * 2)
    const frames = await client.retrieveInstanceFrames({ ...slice, frameNumbers: [1] }) as ArrayBuffer[]
    t.strictSame(frames.map(frame => octets(frame).equals(pixels)), [true])
    const [second, first] = (await client.retrieveInstanceFrames({ ...holder(enhanced), frameNumbers: [2, 1] }) as ArrayBuffer[]).map(octets)
    t.ok(enhanced.includes(Buffer.concat([first!, second!])))
    // the older name of image/dicom-rle, the only one that this client knows
    const [encoded] = await client.retrieveInstanceFrames({
      ...holder(rle), frameNumbers: [1], mediaTypes: [{ mediaType: 'image/x-dicom-rle', transferSyntaxUID: '1.2.840.10008.1.2.5' }],
    }) as ArrayBuffer[]
    t.ok(rle.includes(octets(encoded)), 'the codestream as it is stored')
    const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = holder(rle)
    const path = `/dicom-web/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}/frames/1`
    for (const [accept, type] of [['image/x-dicom-rle', 'image/x-dicom-rle'], ['image/*', 'image/dicom-rle'], ['image/dicom-rle, image/x-dicom-rle', 'image/dicom-rle']] as const) {
      t.equal((await service.inject({ url: path, headers: { accept } })).headers['content-type'], `${type}; transfer-syntax=1.2.840.10008.1.2.5`)
    }
    t.equal((await service.inject({ url: path, headers: { accept: 'image/x-jls' } })).statusCode, 406)
    const { BulkDataURI } = (await client.retrieveSeriesMetadata(slice) as Json[]).find(row => valueOf(row, '00080018') === slice.sopInstanceUID)!['7FE00010']!
    const [value] = await client.retrieveBulkData({ BulkDataURI }) as ArrayBuffer[]
    t.ok(octets(value).equals(pixels))
    const [single] = await new Client({ url, verbose: false, singlepart: 'bulkdata' }).retrieveBulkData({ BulkDataURI }) as ArrayBuffer[]
    t.ok(octets(single).equals(pixels))
  })

  await t.test('pictures', async t => {
    const bytes = (answer: unknown): Buffer => octets(Array.isArray(answer) ? answer[0] : answer)
    const jpeg = [0xff, 0xd8, 0xff]
    const png = [0x89, 0x50, 0x4e]
    const head = (answer: unknown): number[] => [...bytes(answer).subarray(0, 3)]
    t.strictSame(head(await client.retrieveInstanceRendered(slice)), jpeg)
    t.strictSame(head(await client.retrieveInstanceRendered({ ...slice, mediaTypes: [{ mediaType: 'image/png' }], queryParams: { viewport: '64,64' } })), png)
    t.strictSame(head(await client.retrieveInstanceFramesRendered({ ...holder(enhanced), frameNumbers: [3], mediaTypes: [{ mediaType: 'image/jpeg' }] })), jpeg)
    t.strictSame(head(await client.retrieveInstanceThumbnail(slice)), jpeg)
  })

  await t.test('real slices of compressed syntaxes: frames as they are stored, and decoded', async t => {
    const folder = dataPath(t, 'mr-dicom/siemens-mosaic-9-syntaxes')
    if (folder === undefined) return
    const cases = [
      ['4', 'image/x-dicom-rle', '1.2.840.10008.1.2.5'], ['6', 'image/jpeg', '1.2.840.10008.1.2.4.70'], ['7', 'image/jls', '1.2.840.10008.1.2.4.80'],
      ['8', 'image/x-jls', '1.2.840.10008.1.2.4.80'], ['9', 'image/jp2', '1.2.840.10008.1.2.4.90'],
    ] as const
    for (const [name, mediaType, transferSyntaxUID] of cases) {
      const file = readFileSync(join(folder, `${name}.dcm`))
      const answer = JSON.parse(await client.storeInstances({ datasets: [exactly(file)] }) as string) as { '00081199': { Value: Json[] } }
      const [sopInstanceUID] = answer['00081199'].Value.map(item => valueOf(item, '00081155'))
      const row = (await client.searchForInstances({ queryParams: { SOPInstanceUID: sopInstanceUID } }) as Json[])[0]!
      const [encoded] = await client.retrieveInstanceFrames({ ...uidsOf(row), frameNumbers: [1], mediaTypes: [{ mediaType, transferSyntaxUID }] }) as ArrayBuffer[]
      t.ok(file.includes(octets(encoded)), mediaType)
      const [native] = await client.retrieveInstanceFrames({ ...uidsOf(row), frameNumbers: [1] }) as ArrayBuffer[]
      t.equal(octets(native).length, 384 * 384 * 2)
    }
  })

  await t.test('an instance that is not there rejects with 404', async t => {
    const outcome = await client.retrieveInstance({ ...slice, sopInstanceUID: '1.2.3.999' }).then(() => undefined, (error: unknown) => (error as { status?: number }).status)
    t.equal(outcome, 404)
  })
})
