import t from 'tap'
import { sopClass, sopClasses, storageUid } from '../../src/dicom/sop-classes.ts'
import { transferSyntax, transferSyntaxes } from '../../src/dicom/transfer-syntaxes.ts'
import { isUid, parseUid, uidFromName } from '../../src/dicom/uid.ts'
import { formatDs } from '../../src/dicom/format-ds.ts'
import { askPython, requirePydicom } from './second-reader.ts'
import { thrownBy } from './thrown.ts'

t.test('the tables hold every UID once', async t => {
  for (const uids of [sopClasses.map(entry => entry.uid), transferSyntaxes.map(entry => entry.uid)]) {
    t.equal(new Set(uids).size, uids.length)
    t.ok(uids.every(isUid))
  }
})

t.test('pydicom knows the same names', async t => {
  if (!requirePydicom(t)) return
  const theirs = askPython(`
import sys, json
from pydicom.uid import UID
print(json.dumps([UID(u).name for u in json.loads(sys.argv[1])]))`, JSON.stringify([...sopClasses, ...transferSyntaxes].map(entry => entry.uid))) as string[]
  // HTJ2K and encapsulated uncompressed are younger than pydicom 2.3
  const young = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203', '1.2.840.10008.1.2.1.98'])
  const plain = (name: string) => name.replace(/: Default Transfer Syntax.*| \\(Retired\\)|[^A-Za-z0-9]/g, '').replace(/Default.*|Retired/, '')
  let compared = 0
  for (const [i, { uid, name }] of [...sopClasses, ...transferSyntaxes].entries()) {
    if (young.has(uid)) continue
    compared++
    t.ok(plain(theirs[i]!).startsWith(plain(name)), `${name} | ${theirs[i]!}`)
  }
  t.ok(compared > 40)
})

t.test('support is what the pipeline needs', async t => {
  t.equal(sopClass('1.2.840.10008.5.1.4.1.1.4')?.mr, 'classic')
  t.equal(sopClass('1.2.840.10008.5.1.4.1.1.4.1')?.mr, 'enhanced')
  t.equal(sopClass('1.2.840.10008.5.1.4.1.1.4.4')?.mr, 'legacy-converted')
  t.strictSame(sopClass(storageUid('88.34')), { uid: '1.2.840.10008.5.1.4.1.1.88.34', name: 'Comprehensive 3D SR Storage', image: false })
  t.equal(sopClass('1.2.3'), undefined)
  const codecs = Object.fromEntries(transferSyntaxes.map(({ uid, codec, lossy }) => [uid.replace('1.2.840.10008.1.2', ''), `${codec}${lossy ? ' lossy' : ''}`]))
  t.strictSame(codecs, {
    '': 'native', '.1': 'native', '.1.99': 'native', '.2': 'native', '.1.98': 'native', '.5': 'rle', '.4.50': 'jpeg lossy', '.4.51': 'jpeg lossy',
    '.4.57': 'jpeg-lossless', '.4.70': 'jpeg-lossless', '.4.80': 'jpeg-ls', '.4.81': 'jpeg-ls lossy', '.4.90': 'jpeg-2000',
    '.4.91': 'jpeg-2000 lossy', '.4.201': 'htj2k', '.4.202': 'htj2k', '.4.203': 'htj2k lossy',
  })
  t.match(transferSyntax('1.2.840.10008.1.2.2'), { explicit: true, littleEndian: false, encapsulated: false })
  t.match(transferSyntax('1.2.840.10008.1.2.1.99'), { deflated: true, encapsulated: false })
  t.equal(transferSyntax('1.2.840.10008.1.2.4.100'), undefined)
})

t.test('a UID has at most 64 characters and no leading zeros', async t => {
  for (const good of ['1', '0', '1.0.2', '2.25.0', `1.${'2'.repeat(62)}`]) t.ok(isUid(good), good)
  for (const bad of ['', '.', '1.', '.1', '1..2', '01', '1.00', '1.a', ' 1', '1 ', '1\n', `1.${'2'.repeat(63)}`, '../1']) t.notOk(isUid(bad), JSON.stringify(bad))
  t.match(thrownBy(() => parseUid(undefined, 'SeriesInstanceUID')), { code: 'uid-invalid', message: 'SeriesInstanceUID is missing' })
  t.match(thrownBy(() => parseUid('a', 'SeriesInstanceUID')), { code: 'uid-invalid', facts: { attribute: 'SeriesInstanceUID', length: 1 } })
})

t.test('a UID of a name is a version-5 UUID below 2^128, the same each time', async t => {
  for (let i = 0; i < 200; i++) {
    const uid = uidFromName(`name ${i}`)
    t.ok(isUid(uid))
    const uuid = BigInt(uid.slice('2.25.'.length)).toString(16).padStart(32, '0')
    t.equal(uuid.length, 32)
    t.equal(uuid[12], '5')
    t.match(uuid[16], /[89ab]/)
  }
  t.equal(uidFromName('a'), uidFromName('a'))
  t.not(uidFromName('a'), uidFromName('b'))
})

t.test('a UID of a name is what Python’s uuid5 makes of it', async t => {
  if (!requirePydicom(t)) return
  const theirs = askPython(`
import json, uuid
print(json.dumps('2.25.' + str(uuid.uuid5(uuid.UUID('0f5e3c2a6d0b4b5c9f3a7b1e52c8d471'), 'häm').int)))`)
  t.equal(uidFromName('häm'), theirs)
})

t.test('a decimal string has at most 16 characters and as many digits as fit', async t => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'], [-0, '0'], [1.5, '1.5'], [-19595, '-19595'], [1 / 3, '0.33333333333333'], [-1 / 3, '-0.3333333333333'],
    [1.234567890123456e-7, '1.23456789012e-7'], [-1.234567890123456e-7, '-1.2345678901e-7'], [123456789012345680, '1.23456789012e17'],
    [1e21, '1e+21'], [5e-324, '5e-324'], [Number.MAX_VALUE, '1.79769313e+308'], [0.000012345678901234, '1.23456789012e-5'],
  ]
  for (const [value, text] of cases) {
    const formatted = formatDs(value)
    t.ok(formatted.length <= 16, formatted)
    t.equal(formatted, text)
  }
  for (const value of [NaN, Infinity, -Infinity]) t.equal(thrownBy(() => formatDs(value))?.code, 'value-not-encodable')
})
