import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { DataSet } from '../../src/dicom/data-set.ts'
import { dictionaryEntries, writeRaw } from '../../src/dicom/dcmjs.ts'
import type { RawDictionary } from '../../src/dicom/dcmjs.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { thrownBy } from './thrown.ts'

const meta: RawDictionary = { '00020010': { vr: 'UI', Value: ['1.2.840.10008.1.2.1'] } }
const first: RawDictionary = { '00080018': { vr: 'UI', Value: ['1.2'] } }
const written = (tag: string, vr: string, Value: readonly unknown[]) =>
  new DataSet(parsePart10(new Uint8Array(writeRaw(meta, { ...first, [tag]: { vr, Value } }))).table)

t.test('the pinned version is the one whose defects are known', async t => {
  const path = createRequire(import.meta.url).resolve('dcmjs')
  const { version } = JSON.parse(readFileSync(new URL('../package.json', `file://${path}`), 'utf8')) as { version: string }
  t.equal(version, '0.50.3')
})

// When one of these fails after an update, its guard in raw-dictionary may have become needless.
t.test('the guards have their reasons: what dcmjs does without them', async t => {
  t.test('1: a view is written from the start of its memory', async t => {
    const view = Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4).subarray(4)
    t.not([...written('00420011', 'OB', [view]).bytes('EncapsulatedDocument') ?? []].slice(0, 4).join(), '1,2,3,4')
  })
  t.test('2: a decimal that is no number is written as text', async t => {
    t.equal(written('00180080', 'DS', [NaN]).string('RepetitionTime'), 'NaN')
  })
  t.test('3: an integer string takes a fraction, a short string any length', async t => {
    t.equal(written('00200011', 'IS', [1.5]).string('SeriesNumber'), '1.5')
    t.equal(written('00081010', 'SH', ['x'.repeat(40)]).string('StationName')?.length, 40)
  })
  t.test('11: a tag in hexadecimal text becomes another tag', async t => {
    t.not(Buffer.from(written('00280009', 'AT', ['00181063']).bytes('FrameIncrementPointer') ?? []).toString('hex'), '18006310')
  })
  t.test('12: a negative number in US wraps around', async t => {
    t.equal(written('00280106', 'US', [-5]).number('SmallestImagePixelValue'), 65_531)
  })
  t.test('13: undefined among values throws what is no error of ours', async t => {
    t.throws(() => written('00080070', 'LO', ['a', undefined]))
    t.throws(() => thrownBy(() => written('00080070', 'LO', ['a', undefined])), { name: 'TypeError' })
  })
  t.test('16: more than 64 KiB in a short VR becomes UN', async t => {
    t.equal(written('00081160', 'IS', Array.from({ length: 40_000 }, () => '1')).element('ReferencedFrameNumber')?.length, 80_000)
    const raw = Buffer.from(writeRaw(meta, { ...first, '00081160': { vr: 'IS', Value: Array.from({ length: 40_000 }, () => '1') } }))
    t.ok(raw.includes(Buffer.from([8, 0, 0x60, 0x11, 0x55, 0x4e])))
  })
})

t.test('the dictionary has entries of the expected shape', async t => {
  const entries = dictionaryEntries()
  t.ok(entries.length > 5000)
  t.strictSame(entries.find(entry => entry.name === 'Rows'), { tag: '(0028,0010)', vr: 'US', vm: '1', name: 'Rows', version: 'DICOM' })
})
