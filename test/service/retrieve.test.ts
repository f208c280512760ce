import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { requireTool } from '../helpers/tools.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { readMultipart } from './support/read-multipart.ts'
import { testService } from './support/test-service.ts'

const instance = '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'

t.test('what was stored comes back byte for byte, at every level', async t => {
  const service = await testService(t)
  const files = [dicomFile(), dicomFile({ sop: '1.2.3.4.2' })]
  t.equal((await service.store(multipart(files))).statusCode, 200)
  for (const url of ['/dicom-web/studies/1.2.3', '/dicom-web/studies/1.2.3/series/1.2.3.4']) {
    const answer = await service.inject({ url })
    t.equal(answer.statusCode, 200)
    const parts = readMultipart(answer.rawPayload, answer.headers['content-type'])
    t.strictSame(parts.map(part => part.content), files)
    t.match(parts[0]!.headers, /^Content-Type: application\/dicom; transfer-syntax=1\.2\.840\.10008\.1\.2\.1\r\nContent-Location: http:.*\/instances\/1\.2\.3\.4\.1$/)
  }
  const one = await service.inject({ url: instance })
  t.strictSame(readMultipart(one.rawPayload, one.headers['content-type']).map(part => part.content), [files[0]])
  const single = await service.inject({ url: instance, headers: { accept: 'application/dicom' } })
  t.equal(single.headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
  t.equal(single.headers['content-disposition'], 'attachment')
  t.strictSame(single.rawPayload, files[0])
})

t.test('absent is 404, a malformed UID 400, an unacceptable type 406', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const status = async (url: string, accept?: string): Promise<number> =>
    (await service.inject({ url, headers: accept === undefined ? {} : { accept } })).statusCode
  t.equal(await status('/dicom-web/studies/1.2.4'), 404)
  t.equal(await status('/dicom-web/studies/1.2.3/series/9'), 404)
  t.equal(await status('/dicom-web/studies/1.2.4/series/1.2.3.4'), 404, 'a series of another study')
  for (const uid of ['1..2', '01.2', '..%2F..%2Fetc%2Fpasswd', '1.2%00', '1.2%2F3', 'x', '1'.repeat(65)]) {
    t.equal(await status(`/dicom-web/studies/${uid}`), 400, uid)
  }
  t.equal(await status(instance, 'image/gif'), 406)
  t.equal(await status(instance, 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90'), 406)
})

t.test('a purged study is gone', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  t.equal(await service.archive.eraseStudy('1.2.3' as never), 1)
  for (const url of [instance, '/dicom-web/studies/1.2.3', '/dicom-web/studies/1.2.3/series/1.2.3.4']) {
    t.equal((await service.inject({ url })).statusCode, 410, url)
  }
})

t.test('compressed and big endian images come back as stored, and decoded as pydicom reads them', async t => {
  const nema = dataPath(t, 'mr-dicom/nema-wg04')
  const ge = dataPath(t, 'mr-dicom/ge-pd-axial/explicit_big.dcm')
  const enhanced = dataPath(t, 'mr-dicom/enhanced-mr-small')
  if (nema === undefined || ge === undefined || enhanced === undefined || !requireTool(t, 'python3')) return
  const folder = t.testdir()
  // reference of the pixels: the same image uncompressed; where it is lossy only the header is compared
  const cases: readonly (readonly [file: string, reference: string | undefined])[] = [
    ...['J2KR', 'JLSL', 'JPLL', 'RLE'].map(name => [join(nema, `MR4_${name}`), join(nema, 'MR4_UNC')] as const),
    [join(nema, 'MR1_JLSL'), join(nema, 'MR1_UNC')],
    [join(nema, 'MR1_JPLY'), undefined],
    [ge, ge],
    ...['emri_small_RLE', 'emri_small_big_endian', 'emri_small_jpeg_2k_lossless', 'emri_small_jpeg_ls_lossless']
      .map(name => [join(enhanced, `${name}.dcm`), join(enhanced, 'emri_small.dcm')] as const),
  ]
  const jobs: object[] = []
  for (const [i, [path, reference]] of cases.entries()) {
    const service = await testService(t)
    const original = readFileSync(path)
    const url = (await service.store(multipart([original]))).json<StoreAnswer>()['00081199'].Value[0]!['00081190'].Value[0]!
    const asStored = await service.inject({ url, headers: { accept: 'application/dicom; transfer-syntax=*' } })
    const converted = await service.inject({ url, headers: { accept: 'application/dicom' } })
    t.equal(converted.headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1', `${path} ${converted.statusCode === 200 ? '' : converted.body}`)
    if (/big/.test(path)) t.ok(asStored.rawPayload.equals(converted.rawPayload), 'big endian is never sent')
    else t.ok(asStored.rawPayload.subarray(128).equals(original.subarray(128)), 'byte for byte')
    const received = join(folder, `${i}.dcm`)
    writeFileSync(received, converted.rawPayload)
    jobs.push({ path, received, reference: reference ?? null })
  }
  const python = spawnSync('/usr/bin/python3', ['-W', 'ignore', '-c', comparison], { input: JSON.stringify(jobs), encoding: 'utf8' })
  t.equal(python.stderr, '')
  t.strictSame(JSON.parse(python.stdout), [], 'no differences')
})

interface StoreAnswer { readonly '00081199': { readonly Value: readonly { readonly '00081190': { readonly Value: readonly string[] } }[] } }

/** Elements of the header one by one, and pixel values against the reference; prints a list of differences. */
const comparison = `
import json, sys, pydicom
found = []
skip = {'PixelData', 'LossyImageCompression'}
def compare(a, b, where):
    for e in a:
        if e.keyword in skip or e.tag.element == 0: continue
        if e.tag not in b: found.append(where + ' lacks ' + str(e.tag)); continue
        o = b[e.tag]
        if e.VR == 'SQ':
            if len(e.value) != len(o.value): found.append(where + ' items ' + str(e.tag)); continue
            for i, (x, y) in enumerate(zip(e.value, o.value)): compare(x, y, where + '/' + e.keyword + str(i))
        elif e.value != o.value: found.append(where + ' differs ' + str(e.tag))
for job in json.load(sys.stdin):
    a, b = pydicom.dcmread(job['path']), pydicom.dcmread(job['received'])
    compare(a, b, job['path'])
    for e in b:
        if e.tag not in a and e.keyword not in skip: found.append('new ' + str(e.tag))
    if job['reference']:
        r = pydicom.dcmread(job['reference'])
        r = r.pixel_array if r.file_meta.TransferSyntaxUID.is_little_endian else r.pixel_array.astype(r.pixel_array.dtype.newbyteorder('<'))
        if not (r == b.pixel_array).all(): found.append('pixels of ' + job['path'])
print(json.dumps(found))
`
