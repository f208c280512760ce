import t from 'tap'
import { negotiate, parseAccept } from '../../src/dicomweb/accept.ts'

const json = { type: 'application/dicom+json' }
const xml = { type: 'application/dicom+xml', multipart: true }
const dicom = { type: 'application/dicom', multipart: true }
const choose = (accept: string | undefined, offers: readonly { type: string, multipart?: boolean }[], query?: string) =>
  negotiate(parseAccept(accept, query), offers)?.offer

t.test('nothing asked for, everything accepted and nonsense give the default', async t => {
  for (const accept of [undefined, '', '*/*', 'nonsense', ';;,,']) t.equal(choose(accept, [json, xml]), json, String(accept))
})

t.test('weights decide, then the order of the client, then ours', async t => {
  t.equal(choose('multipart/related; type="application/dicom+xml"; q=0.5, application/dicom+json;q=0.4', [json, xml]), xml)
  t.equal(choose('multipart/related; type="application/dicom+xml", application/dicom+json', [json, xml]), xml)
  t.equal(choose('application/*, multipart/related', [json, xml]), json)
  t.equal(choose('*/*;q=0.1, multipart/related;type="application/dicom+xml"', [json, xml]), xml)
})

t.test('a weight of zero excludes, the more specific range decides', async t => {
  t.equal(choose('application/dicom+json;q=0, */*', [json, xml]), xml)
  t.equal(choose('*/*;q=0', [json, xml]), undefined)
  t.equal(choose('application/dicom+json;q=0', [json]), undefined)
})

t.test('types are compared without case, with or without quotes', async t => {
  for (const accept of ['multipart/related; type=application/dicom', 'Multipart/Related;TYPE="Application/DICOM"', 'multipart/related ; type = "application/dicom" ',
    'multipart/related', 'multipart/*', 'application/x-unknown, multipart/related; type="application/dicom"; transfer-syntax=*']) {
    t.equal(choose(accept, [dicom]), dicom, accept)
  }
  t.equal(choose('application/dicom', [dicom]), undefined, 'a single part is another offer')
  t.equal(choose('multipart/related; type="application/octet-stream"', [dicom]), undefined)
})

t.test('the query parameter replaces the header', async t => {
  t.equal(choose('application/dicom+json', [json, xml], 'multipart/related; type="application/dicom+xml"'), xml)
})

t.test('a transfer syntax that cannot be had leaves the range out, the next one counts', async t => {
  const offer = { ...dicom, inTransferSyntax: (syntax: string | undefined) => syntax === undefined || syntax === '*' }
  const jpeg = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50'
  t.equal(negotiate(parseAccept(jpeg), [offer]), undefined)
  t.strictSame(negotiate(parseAccept(`${jpeg}, multipart/related; type="application/dicom"; transfer-syntax=*;q=0.2`), [offer]), { offer, transferSyntax: '*' })
})
