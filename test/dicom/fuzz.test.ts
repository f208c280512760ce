import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { AppError } from '../../src/errors.ts'
import { identity, item, element, part10, sequenceDelimiter, undefinedLength } from './encoded.ts'
import { mrDataset } from './mr-dataset.ts'
import { thrownBy } from './thrown.ts'

const seed = 3

/** Reads all that can be read; only an AppError may come out. */
function readAll (bytes: Uint8Array): void {
  try {
    const instance = readInstance(bytes)
    slicesOf(instance)
    for (const tag of instance.attributes.tags ?? []) {
      const name = tag.toString(16).padStart(8, '0')
      instance.attributes.strings(name)
      instance.attributes.numbers(name)
      instance.attributes.personName(name)
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
  }
}

t.test('any change of a few bytes gives an instance or an AppError', async t => {
  const sources = [
    encodePart10(mrDataset({ SourceImageSequence: [{ ReferencedSOPInstanceUID: '1.3' }, { ReferencedSOPClassUID: '1.2' }] })),
    encodePart10(mrDataset({ NumberOfFrames: 2, PixelData: [new ArrayBuffer(8), new ArrayBuffer(6)] }), { transferSyntaxUid: '1.2.840.10008.1.2.5' }),
    encodePart10(mrDataset({ PatientName: { Alphabetic: 'Ä', Ideographic: '山' } }), { transferSyntaxUid: '1.2.840.10008.1.2' }),
    Buffer.concat([identity(), element(0x00081140, 'UN', Buffer.concat([item(Buffer.alloc(0)), sequenceDelimiter]), { length: undefinedLength })]),
  ]
  let runs = 0
  for (const source of sources) {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(source.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), changes => {
      const bytes = Uint8Array.from(source)
      for (const [at, value] of changes) bytes[at] = value
      readAll(bytes)
      runs++
    }), { seed, numRuns: 500 })
  }
  t.equal(runs, 2000)
})

t.test('D1: cut at every byte, in every encoding, a file is refused or has no pixels, and says so', async t => {
  const plain = encodePart10(mrDataset())
  const sources = {
    implicit: encodePart10(mrDataset(), { transferSyntaxUid: '1.2.840.10008.1.2' }),
    'explicit, with sequences': encodePart10(mrDataset({ SourceImageSequence: [{ ReferencedSOPInstanceUID: '1.3' }, { ReferencedSOPClassUID: '1.2' }] })),
    deflated: part10(deflateRawSync(plain.subarray(parsePart10(plain).dataSetOffset)), '1.2.840.10008.1.2.1.99'),
    encapsulated: encodePart10(mrDataset({ NumberOfFrames: 2, PixelData: [new ArrayBuffer(70), new ArrayBuffer(66)] }), { transferSyntaxUid: '1.2.840.10008.1.2.5' }),
  }
  for (const [name, source] of Object.entries(sources)) {
    const known = ['not-dicom', 'dicom-truncated', 'dicom-malformed', 'uid-invalid', 'pixel-data-invalid']
    let withoutPixels = 0
    for (let end = 0; end < source.length; end++) {
      const cut = source.subarray(0, end)
      const error = thrownBy(() => readInstance(cut))
      if (error !== undefined) {
        if (!known.includes(error.code)) t.equal(error.code, 'one of those', `${name}, cut at ${end}`)
        continue
      }
      const instance = readInstance(cut)
      withoutPixels++
      if (instance.frameCount !== 0 || slicesOf(instance).length > 0) t.fail(`${name}, cut at ${end}: frames`)
      if (!instance.warnings.includes('PixelData is missing')) t.fail(`${name}, cut at ${end}: no word of it`)
    }
    t.ok(withoutPixels < 20, `${name}: ${withoutPixels} places, between two elements`)
    t.ok(slicesOf(readInstance(source)).length > 0)
  }
})

t.test('any bytes after a prefix give an instance or an AppError', async t => {
  let runs = 0
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), tail => {
    readAll(Buffer.concat([identity(), tail]))
    readAll(Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), tail]))
    readAll(tail)
    runs++
  }), { seed, numRuns: 500 })
  t.equal(runs, 500)
})

t.test('what may be written is read back as it was', async t => {
  let runs = 0
  const line = fc.string({ unit: 'grapheme', maxLength: 16 }).map(text => text.replace(/[\\\p{C}]/gu, '').trim())
  fc.assert(fc.property(line, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), (text, real, whole) => {
    const { attributes } = readInstance(encodePart10(mrDataset({ SeriesDescription: text, DiffusionBValue: real, InstanceNumber: whole })))
    runs++
    if ((attributes.string('SeriesDescription') ?? '') !== text) throw new Error('text')
    if (attributes.number('DiffusionBValue') !== real) throw new Error('double')
    if (attributes.number('InstanceNumber') !== whole) throw new Error('integer')
  }), { seed, numRuns: 300 })
  t.equal(runs, 300)
})
