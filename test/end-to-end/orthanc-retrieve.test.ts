import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { freePort, Orthanc } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { requireTool } from '../helpers/tools.ts'
import { pydicomJson } from '../helpers/validators.ts'
import { readMultipart } from '../service/support/read-multipart.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')

/** Elements of the first file that the second one has not, or otherwise; group 2 and encodings of the pixels left out. */
const compare = `
import json, sys, numpy, pydicom
a, b = map(pydicom.dcmread, sys.argv[1:])
def strip(ds):
    return {str(e.tag): repr(e.value) for e in ds if e.tag != 0x7FE00010}
wrong = [tag for tag in {**strip(a), **strip(b)} if strip(a).get(tag) != strip(b).get(tag)]
print(json.dumps({'wrong': wrong, 'pixels': bool(numpy.array_equal(a.pixel_array, b.pixel_array)), 'encoding': 'same' if a.file_meta.TransferSyntaxUID == b.file_meta.TransferSyntaxUID else 'another'}))
`
type Json = Record<string, { Value?: unknown[] } | undefined>

const valueOf = (dataset: Json, tag: string): string => String(dataset[tag]?.Value?.[0])

/** A file with its preamble set to zero: the only thing that the service changes (service.md §2.1). */
function withoutPreamble (file: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(128), file.subarray(128)])
}

async function store (service: Service, files: readonly string[]): Promise<number[]> {
  const statuses: number[] = []
  for (const file of files) {
    const answer = await fetch(`${service.dicomWeb}/studies`, {
      method: 'POST', body: readFileSync(file), headers: { 'content-type': 'application/dicom' },
    })
    statuses.push(answer.status)
  }
  return statuses
}

t.test('a real Orthanc asks tuberlens, retrieves from it and holds the same (C3)', { timeout: 240_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  const port = await freePort()
  const orthanc = new Orthanc(await freePort(), `http://127.0.0.1:${port}/dicom-web/`)
  const service = new Service(port, { TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model') })
  t.teardown(async () => {
    await service.remove()
    await orthanc.remove()
  })
  await orthanc.start()
  await service.start()
  const json = async (path: string): Promise<Json[]> => await (await fetch(`${service.dicomWeb}${path}`)).json() as Json[]
  const flair = readdirSync(join(fixtures, 'flair')).map(name => join(fixtures, 'flair', name))
  const others = ['special/enhanced-flair.dcm', 'special/name-japanese.dcm', 'special/corrupt-series/IM-0001.dcm'].map(name => join(fixtures, name))
  t.strictSame(new Set(await store(service, [...flair, ...others])), new Set([200]))
  await until(async () => (await fetch(`${service.dicomWeb}/series?Modality=SR`)).status === 200, 90, 'a report')
  const uidsOf = (rows: Json[]): string[] => rows.map(row => valueOf(row, '00080018'))
  const all = await json('/instances')
  const study = valueOf(all[0]!, '0020000D')
  const [series] = (await json(`/studies/${study}/series?SeriesDescription=AX FLAIR`)).map(row => valueOf(row, '0020000E'))
  const inSeries = uidsOf(await json(`/studies/${study}/series/${series!}/instances`))
  t.equal(inSeries.length, 12)

  await t.test('one instance', async t => {
    t.equal(await orthanc.retrieve([{ Study: study, Series: series!, Instance: inSeries[0]! }]), 'Success')
    t.strictSame(await orthanc.get<string[]>('/instances').then(ids => ids.length), 1)
  })

  await t.test('a series, byte for byte', async t => {
    t.equal(await orthanc.retrieve([{ Study: study, Series: series! }]), 'Success')
    t.equal((await orthanc.get<string[]>('/instances')).length, 12)
    const originals = flair.map(file => withoutPreamble(readFileSync(file)))
    for (const uid of inSeries) {
      const file = await orthanc.file(uid)
      t.ok(originals.some(original => original.equals(file)))
    }
  })

  await t.test('a study with its results, as the search counts them', async t => {
    t.equal(await orthanc.retrieve([{ Study: study }]), 'Success')
    const held = await orthanc.get<{ MainDicomTags: { SOPInstanceUID: string } }[]>('/instances?expand')
    t.strictSame(held.map(i => i.MainDicomTags.SOPInstanceUID).sort(), uidsOf(all).sort())
    const modalities = await orthanc.get<{ MainDicomTags: { Modality: string } }[]>('/series?expand')
    t.ok(modalities.some(s => s.MainDicomTags.Modality === 'SR'))
  })

  await t.test('several frames, another character set, and compressed pixels: the same elements, pixels and encoding', async t => {
    if (!requireTool(t, '/usr/bin/python3')) return
    const folder = mkdtempSync(join(tmpdir(), 'orthanc-retrieve-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    for (const original of others) {
      const uid = pydicomJson('import json, pydicom, sys\nprint(json.dumps(pydicom.dcmread(sys.argv[1]).SOPInstanceUID))', [original]) as string
      const copy = join(folder, 'copy.dcm')
      writeFileSync(copy, await orthanc.file(uid))
      t.strictSame(pydicomJson(compare, [original, copy]), { wrong: [], pixels: true, encoding: 'same' })
    }
  })

  await t.test('what it passes on: searches, metadata, frames, pictures', async t => {
    const studies = await orthanc.post<Record<string, { Name: string, Value: string }>[]>('/dicom-web/servers/tuberlens/qido', {
      Uri: '/studies', Arguments: { StudyInstanceUID: study, fuzzymatching: 'true', includefield: 'StudyDescription' },
    })
    t.strictSame(studies.map(row => row['0020000d']?.Value ?? row['0020000D']?.Value), [study])
    const nothing = await orthanc.passOn('/studies', { Arguments: { PatientID: 'nobody' } })
    t.equal(await nothing.text(), '')
    const metadata = await (await orthanc.passOn(`/studies/${study}/series/${series!}/metadata`)).json() as Json[]
    t.equal(metadata.length, 12)
    const instance = `/studies/${study}/series/${series!}/instances/${inSeries[0]!}`
    const frame = await orthanc.passOn(`${instance}/frames/1`, { HttpHeaders: { Accept: 'multipart/related; type="application/octet-stream"' } })
    t.equal(readMultipart(Buffer.from(await frame.arrayBuffer()), frame.headers.get('content-type'))[0]!.content.length, 224 * 224 * 2)
    const png = await orthanc.passOn(`${instance}/rendered`, { HttpHeaders: { Accept: 'image/png' } })
    t.match(Buffer.from(await png.arrayBuffer()).toString('latin1'), /^\x89PNG/)
  })

  await t.test('what does not exist is a failed job, not an empty success', async t => {
    t.equal(await orthanc.retrieve([{ Study: '1.2.3.999' }]), 'Failure')
  })

  await t.test('a real series and a real compressed image', async t => {
    const philips = dataPath(t, 'mr-dicom/philips-flair-axial')
    const siemens = dataPath(t, 'mr-dicom/siemens-mosaic-9-syntaxes')
    if (philips === undefined || siemens === undefined) return
    const files = readdirSync(philips).filter(name => name.endsWith('.dcm')).map(name => join(philips, name))
    t.strictSame(new Set(await store(service, [...files, join(siemens, '4.dcm')])), new Set([200]))
    const rows = (await json('/instances?limit=1000')).filter(row => valueOf(row, '0020000D') !== study && !valueOf(row, '00080060').includes('SR'))
    const studies = new Set(rows.map(row => valueOf(row, '0020000D')))
    t.equal(studies.size, 2)
    t.equal(await orthanc.retrieve([...studies].map(uid => ({ Study: uid }))), 'Success')
    const originals = files.map(file => withoutPreamble(readFileSync(file)))
    let same = 0
    for (const uid of uidsOf(rows)) {
      const file = await orthanc.file(uid)
      if (originals.some(original => original.equals(file))) same++
    }
    t.equal(same, 22, 'byte for byte')
  })
})
