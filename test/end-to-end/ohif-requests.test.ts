import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { readMultipart } from '../service/support/read-multipart.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')

interface Opening {
  readonly headers: Readonly<Record<string, string>>
  readonly requests: readonly {
    readonly each: 'once' | 'series' | 'image', readonly what: string, readonly path: string, readonly accept: string, readonly type: string
  }[]
}
type Asserting = Pick<typeof t, 'equal' | 'match' | 'ok'>
type Json = Record<string, { Value?: unknown[] } | undefined>

const value = (dataset: Json, tag: string): string => String(dataset[tag]?.Value?.[0])

t.test('the requests of OHIF 3.13.2 on listing, opening and showing a study with its results are answered (C3)', { timeout: 180_000 }, async t => {
  const { headers, requests } = JSON.parse(readFileSync(join(fixtures, 'senders/ohif-opening.json'), 'utf8')) as Opening
  const service = new Service(await freePort(), { TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model') })
  t.teardown(() => service.remove())
  await service.start()
  for (const name of readdirSync(join(fixtures, 'flair'))) {
    const answer = await fetch(`${service.dicomWeb}/studies`, {
      method: 'POST', body: readFileSync(join(fixtures, 'flair', name)), headers: { 'content-type': 'application/dicom' },
    })
    t.equal(answer.status, 200)
  }
  const json = async (path: string): Promise<Json[]> => {
    const answer = await fetch(`${service.dicomWeb}${path}`, { headers: { accept: 'application/dicom+json' } })
    return answer.status === 204 ? [] : await answer.json() as Json[]
  }
  await until(async () => (await json('/series?Modality=SR')).length > 0, 90, 'a report')
  const allSeries = await json('/series')
  t.strictSame(allSeries.map(series => value(series, '00080060')).sort(), ['MR', 'MR', 'MR', 'MR', 'SR'])
  const study = value(allSeries[0]!, '0020000D')
  const images = (await json('/instances')).filter(instance => value(instance, '00080060') === 'MR')
    .map(instance => ({ series: value(instance, '0020000E'), instance: value(instance, '00080018') }))
  t.equal(images.length, 12 + 12 + 12 + 1)

  const targets = {
    once: [{}],
    series: allSeries.map(series => ({ series: value(series, '0020000E') })),
    // one image of each series: OHIF asks for all of them in the same words
    image: images.filter(({ series }, i) => images.findIndex(image => image.series === series) === i),
  }
  for (const { each, what, path, accept, type } of requests) {
    await t.test(what, async t => {
      for (const uids of targets[each] as Record<string, string>[]) {
        const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => name === 'study' ? study : uids[name] ?? 'absent')
        const answer = await fetch(`${service.dicomWeb}${filled}`, { headers: { ...sendable(headers), accept } })
        t.equal(answer.status, 200)
        const contentType = answer.headers.get('content-type')!
        t.equal(contentType.split(';')[0], type)
        const body = Buffer.from(await answer.arrayBuffer())
        if (type === 'application/dicom+json') t.ok((JSON.parse(body.toString()) as unknown[]).length > 0)
        else if (type === 'image/jpeg') t.strictSame([...body.subarray(0, 2)], [0xff, 0xd8])
        else assertFrame(t, body, contentType)
      }
    })
  }

  await t.test('what OHIF reads in the answers is there', async t => {
    const [listed] = await json(requests[0]!.path)
    for (const tag of ['0020000D', '00100010', '00100020', '00080020', '00080061', '00201206', '00201208']) t.ok(tag in listed!, tag)
    for (const { series } of targets.series) {
      for (const dataset of await json(`/studies/${study}/series/${series}/metadata`)) {
        if (value(dataset, '00080060') === 'MR') t.type((dataset['7FE00010'] as { BulkDataURI?: string }).BulkDataURI, 'string')
        else t.ok((dataset['0040A730']?.Value?.length ?? 0) > 0, 'the content of the report')
      }
    }
  })
})

/** fetch keeps the connection's header to itself. */
function sendable (headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'Connection'))
}

/** One part of raw pixels whose type names the transfer syntax: from it the image loader learns how to decode. */
function assertFrame (t: Asserting, body: Buffer, contentType: string): void {
  const parts = readMultipart(body, contentType)
  t.equal(parts.length, 1)
  t.match(parts[0]!.headers, /^Content-Type: application\/octet-stream; ?transfer-syntax=1\.2\.840\.10008\.1\.2\.1$/m)
  t.ok(parts[0]!.content.length >= 224 * 224)
}
