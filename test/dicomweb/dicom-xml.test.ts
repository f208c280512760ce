import t from 'tap'
import { fromXml, toXml } from '../../src/dicomweb/dicom-xml.ts'

t.test('what is written is read again', async t => {
  const dataset = {
    '00081190': { vr: 'UR', Value: ['https://x/?a=1&b="<2>"'] },
    '00081199': { vr: 'SQ', Value: [{ '00081150': { vr: 'UI', Value: ['1.2'] }, '00081197': { vr: 'US', Value: ['272'] } }, { '00081155': { vr: 'UI', Value: [] } }] },
  }
  t.strictSame(fromXml(toXml(dataset)), dataset)
})

t.test('person names, bulk data and binary values are written by PS3.19 A.1', async t => {
  const xml = toXml({
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane^^Dr', Ideographic: '土^井' }] },
    '00420011': { vr: 'OB', InlineBinary: 'AAE=' },
    '7FE00010': { vr: 'OW', BulkDataURI: 'http://x/a?b&c' },
    '00080070': { vr: 'LO', Value: [null, 'second'] },
  })
  t.match(xml, '<PersonName number="1"><Alphabetic><FamilyName>Doe</FamilyName><GivenName>Jane</GivenName><NamePrefix>Dr</NamePrefix></Alphabetic>' +
    '<Ideographic><FamilyName>土</FamilyName><GivenName>井</GivenName></Ideographic></PersonName>')
  t.match(xml, '<InlineBinary>AAE=</InlineBinary>')
  t.match(xml, '<BulkData uri="http://x/a?b&amp;c"/>')
  t.match(xml, '<Value number="1"></Value><Value number="2">second</Value>')
})

t.test('prefixes, self-closing elements and references are read, other documents are not', async t => {
  const read = fromXml('<?xml version="1.0"?>\n<d:NativeDicomModel xmlns:d="x"><d:DicomAttribute keyword="K" vr="LO" tag="0008103e"><d:Value number="1">a&#65;&#x42;&amp;</d:Value></d:DicomAttribute>' +
    '<d:DicomAttribute tag="00081198" vr="SQ"/></d:NativeDicomModel>')
  t.strictSame(read, { '0008103E': { vr: 'LO', Value: ['aAB&'] }, '00081198': { vr: 'SQ', Value: [] } })
  for (const text of ['', '<html></html>', '<NativeDicomModel>', '<NativeDicomModel></Other>', '<Item>'.repeat(300)]) t.equal(fromXml(text), undefined, text.slice(0, 20))
})
