import t from 'tap'
import { characterSet, characterSetTerms } from '../../src/dicom/character-set.ts'
import { DataSet } from '../../src/dicom/data-set.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { element, item, part10 } from './encoded.ts'
import { askPython, requirePydicom } from './second-reader.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const decode = (terms: readonly string[], value: Uint8Array, delimiters = '\\^=') => characterSet(terms).decode(value, delimiters)

t.test('the names of the examples of PS3.5 annexes H, I, J and K are read', async t => {
  // H.3.1, H.3.2: Japanese
  t.equal(decode(['', 'ISO 2022 IR 87'], bytes('Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B')),
    'Yamada^Tarou=山田^太郎=やまだ^たろう')
  t.equal(decode(['ISO 2022 IR 13', 'ISO 2022 IR 87'],
    bytes('\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J')),
  'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう')
  // I.2: Korean
  t.equal(decode(['', 'ISO 2022 IR 149'], bytes('Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf')),
    'Hong^Gildong=洪^吉洞=홍^길동')
  // J.1, J.2, J.4: Chinese
  t.equal(decode(['ISO_IR 192'], Buffer.from('Wang^XiaoDong=王^小東=')), 'Wang^XiaoDong=王^小東=')
  t.equal(decode(['GB18030'], hex('57616e675e5869616f446f6e673dcdf55ed0a1b6ab3d')), 'Wang^XiaoDong=王^小东=')
  t.equal(decode(['', 'ISO 2022 IR 58'], hex('5a68616e675e5869616f446f6e673d1b242941d5c55e1b242941d0a1b6ab3d')), 'Zhang^XiaoDong=张^小东=')
  t.equal(decode(['GBK'], hex('57616e675e5869616f446f6e673dcdf55ed0a1b6ab3d')), 'Wang^XiaoDong=王^小东=')
})

t.test('every single-byte set gives its letters', async t => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['ISO_IR 100', 'c4 e9', 'Äé'],
    ['ISO_IR 101', 'a3 f3 bc', 'Łóź'],
    ['ISO_IR 109', 'a1 c6', 'ĦĈ'],
    ['ISO_IR 110', 'a1 ba', 'Ąē'],
    ['ISO_IR 144', 'bb ee cc', 'ЛюЬ'],
    ['ISO_IR 127', 'e2 c8', 'قب'],
    ['ISO_IR 126', 'c4 e9', 'Δι'],
    ['ISO_IR 138', 'f9 e0', 'שא'],
    ['ISO_IR 148', 'dd fe', 'İş'],
    ['ISO_IR 203', 'a4', '€'],
    ['ISO_IR 166', 'a1 a2', 'กข'],
    ['ISO_IR 13', 'd4 cf c0 de', 'ﾔﾏﾀﾞ'],
  ]
  for (const [term, code, text] of cases) t.equal(decode([term], hex(code)), text, term)
})

t.test('code extensions end where the standard says', async t => {
  const japanese = ['', 'ISO 2022 IR 87']
  // the second value begins in ASCII again although the first one never went back (PS3.5 6.1.2.5.3)
  t.equal(decode(['ISO_IR 100', 'ISO 2022 IR 144'], bytes('\x1b-L\xbb\\\xc4')), 'Л\\Ä')
  t.equal(decode(['ISO_IR 100', 'ISO 2022 IR 144'], bytes('\x1b-L\xbb\r\n\xc4')), 'Л\r\nÄ')
  // two bytes of a Kanji may be those of a backslash or caret
  t.equal(decode(japanese, bytes('\x1b$B\x3b\x5c\x1b(B\\b')), '施\\b')
  t.equal(decode(japanese, bytes('\x1b$(D\x30\x21\x1b(B')), '丂')
  t.equal(decode(japanese, bytes('a\x1b%Gb')), 'ab', 'an unknown escape sequence leaves nothing')
  t.equal(decode(japanese, bytes('a\x1b')), 'a')
  t.equal(decode(japanese, bytes('\x1b$B;')), '\ufffd', 'half a character')
})

t.test('spellings of defined terms are forgiven, unknown ones named', async t => {
  t.equal(decode(['ISO-IR 100'], bytes('\xc4')), 'Ä')
  t.equal(decode(['ISO 2022 IR 100'], bytes('\xc4')), 'Ä')
  t.equal(decode(['iso_ir_192'], Buffer.from('Ä')), 'Ä')
  t.equal(decode(['UTF-8'], Buffer.from('Ä')), 'Ä')
  t.strictSame(characterSet(['ISO_IR 100']).unknown, [])
  t.strictSame(characterSet(['', 'ISO 2022 IR 87']).unknown, [])
  t.strictSame(characterSet(['KLINGON']).unknown, ['KLINGON'])
  t.equal(decode(['KLINGON'], bytes('abc')), 'abc')
  t.equal(decode(['ISO_IR 100'], bytes('\x1b$B;3\x1b(B')), '山', 'escapes without a term for them')
})

t.test('without a term ASCII is read, and what is not ASCII as UTF-8 or Latin-1', async t => {
  t.equal(decode([], bytes('abc')), 'abc')
  t.equal(decode([], Buffer.from('Jörg')), 'Jörg')
  t.equal(decode([], bytes('J\xf6rg')), 'Jörg')
  t.equal(decode([], bytes('\x1b$B;3\x1b(B')), '山')
})

t.test('a second byte that looks like a backslash does not split a value', async t => {
  // 0x815C is one character of GB18030 and of GBK
  for (const term of ['GB18030', 'GBK']) {
    const dataSet = read([element(0x00080005, 'CS', term), element(0x0008103e, 'LO', hex('815c61'.padEnd(8, '20')))])
    t.equal(dataSet.strings('SeriesDescription').length, 1)
    t.equal(dataSet.string('SeriesDescription')?.length, 2)
  }
})

t.test('items take the character set of the data set around them unless they have their own', async t => {
  const text = element(0x0008103e, 'LO', hex('c4 20'))
  const dataSet = read([
    element(0x00080005, 'CS', 'ISO_IR 100'),
    element(0x00081140, 'SQ', Buffer.concat([item(text), item(Buffer.concat([element(0x00080005, 'CS', 'ISO_IR 126'), text]))])),
  ])
  t.strictSame(dataSet.items('ReferencedImageSequence').map(one => one.string('SeriesDescription')), ['Ä', 'Δ'])
})

t.test('pydicom decodes the same text', async t => {
  if (!requirePydicom(t)) return
  const cases: readonly (readonly [readonly string[], Buffer])[] = [
    [['', 'ISO 2022 IR 87'], bytes('Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B')],
    [['ISO 2022 IR 13', 'ISO 2022 IR 87'], bytes('\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J')],
    [['', 'ISO 2022 IR 87', 'ISO 2022 IR 159'], bytes('a=\x1b$(D0!\x1b$B;3\x1b(B^x')],
    [['', 'ISO 2022 IR 149'], bytes('Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf')],
    // IR 58 is left out: pydicom 2.3 keeps its escape sequences in the text
    [['ISO 2022 IR 100', 'ISO 2022 IR 144'], bytes('M\xfcller^\x1b-L\xbb\xee')],
    [['ISO 2022 IR 100', 'ISO 2022 IR 126'], bytes('\x1b-F\xc4\xe9^\xe4')],
    ...['100', '101', '109', '110', '144', '127', '126', '138', '148', '166'].map(number =>
      [[`ISO_IR ${number}`], hex(number === '166' ? 'a1a2d2' : number === '138' ? 'e0e1fa' : 'c1c8e1')] as const),
  ]
  const theirs = askPython(`
import sys, json
from pydicom.charset import convert_encodings
from pydicom.values import convert_PN
out = []
for terms, text in json.loads(sys.argv[1]):
    value = convert_PN(bytes.fromhex(text), convert_encodings(terms))
    out.append(str(value))
print(json.dumps(out))`, JSON.stringify(cases.map(([terms, value]) => [terms, value.toString('hex')])))
  t.strictSame(cases.map(([terms, value]) => decode(terms, value).replace(/=+$/, '')), theirs)
})

function read (elements: readonly Uint8Array[]): DataSet {
  return new DataSet(parsePart10(part10(Buffer.concat(elements))).table)
}

t.test('every defined term of the table is known, and pydicom knows it too', async t => {
  const { single, extensions } = characterSetTerms
  for (const term of single) t.strictSame(characterSet([term]).unknown, [], term)
  for (const term of extensions) t.strictSame(characterSet(['', term]).unknown, [], term)
  if (!requirePydicom(t)) return
  const unknown = askPython(`
import sys, json
from pydicom.charset import python_encoding
print(json.dumps([term for term in json.loads(sys.argv[1]) if term not in python_encoding]))`, JSON.stringify([...single, ...extensions])) as string[]
  t.strictSame(unknown.filter(term => !/203$/.test(term)), [], 'ISO 8859-15 is younger than pydicom 2.3')
})
