import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { readInstance, readInstanceFile } from '../../src/dicom/read-instance.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { AppError } from '../../src/errors.ts'
import { dataPath } from '../helpers/data.ts'
import { element, encapsulated, identity, imagePixel, part10, uint16, uint32 } from './encoded.ts'
import { mrDataset } from './mr-dataset.ts'
import { askPython, requirePydicom, temporaryFile } from './second-reader.ts'
import { rejectionOf, thrownBy } from './thrown.ts'

const codeOf = (bytes: Uint8Array) => thrownBy(() => readInstance(bytes))?.code
const image = (pixels: Uint8Array, rows = 2, columns = 3, bits = 16, frames = 1) =>
  part10(Buffer.concat([identity(), imagePixel(rows, columns, bits, frames), element(0x7fe00010, 'OW', pixels)]))

t.test('an instance from memory and one from a file are the same', async t => {
  const bytes = encodePart10(mrDataset())
  const path = temporaryFile(t, bytes)
  const memory = readInstance(bytes)
  const file = await readInstanceFile(path)
  for (const instance of [memory, file]) {
    t.equal(instance.sopInstanceUid, '1.2.3.4')
    t.equal(instance.seriesInstanceUid, '1.2.3.1')
    t.equal(instance.studyInstanceUid, '1.2.3')
    t.equal(instance.sopClassUid, '1.2.840.10008.5.1.4.1.1.4')
    t.equal(instance.transferSyntaxUid, '1.2.840.10008.1.2.1')
    t.equal(instance.frameCount, 1)
    t.equal(instance.fileMeta?.string('ImplementationVersionName'), 'TUBERLENS')
    t.equal(instance.attributes.number('EchoTime'), 100)
    t.ok(instance.attributes.has('PixelData'))
    t.equal((await instance.pixelData.frame(1)).length, 12)
    t.equal((await rejectionOf(instance.pixelData.frame(2)))?.code, 'pixel-data-missing')
    t.equal((await rejectionOf(instance.pixelData.frame(0)))?.code, 'pixel-data-missing')
  }
  t.equal(memory.digest, file.digest)
})

t.test('the digest leaves preamble and File Meta Information out', async t => {
  const bytes = encodePart10(mrDataset())
  const other = Buffer.from(bytes)
  other.fill(7, 0, 128)
  t.equal(readInstance(other).digest, readInstance(bytes).digest)
  t.not(readInstance(encodePart10(mrDataset({ PatientID: 'P2' }))).digest, readInstance(bytes).digest)
  const bare = identity()
  t.equal(readInstance(bare).digest, createHash('sha256').update(bare).digest('hex'))
})

t.test('a file gives its frames late, and says when it no longer can', async t => {
  const path = temporaryFile(t, encodePart10(mrDataset()))
  const instance = await readInstanceFile(path)
  truncateSync(path, 400)
  t.equal((await rejectionOf(instance.pixelData.frame(1)))?.code, 'input-unreadable')
  rmSync(path)
  t.equal((await rejectionOf(instance.pixelData.frame(1)))?.code, 'input-unreadable')
  t.equal((await rejectionOf(readInstanceFile(path)))?.code, 'input-unreadable')
})

t.test('the frames of a deflated file are read from it too', async t => {
  const dataSet = Buffer.concat([identity(), imagePixel(1, 2, 16, 2), element(0x7fe00010, 'OW', uint16(1, 2, 3, 4))])
  const path = temporaryFile(t, part10(deflateRawSync(dataSet), '1.2.840.10008.1.2.1.99'))
  const instance = await readInstanceFile(path)
  t.strictSame([...await instance.pixelData.frame(2)], [3, 0, 4, 0])
  writeFileSync(path, 'gone')
  t.equal((await rejectionOf(instance.pixelData.frame(2)))?.code, 'not-dicom')
})

t.test('elements after the pixels are kept, sequences too', async t => {
  const tail = element(0xfffafffa, 'SQ', Buffer.concat([Buffer.from([0xfe, 0xff, 0, 0xe0, 12, 0, 0, 0]), element(0x04000110, 'UI', '1.2')]))
  const path = temporaryFile(t, Buffer.concat([image(Buffer.alloc(12, 1)), tail]))
  const instance = await readInstanceFile(path)
  t.equal(instance.attributes.items('DigitalSignaturesSequence')[0]?.string('MACCalculationTransferSyntaxUID') ??
    instance.attributes.items('DigitalSignaturesSequence')[0]?.string('04000110'), '1.2')
  t.equal(instance.attributes.bytes('PixelData')?.length, 0, 'pixels are not held')
  t.strictSame([...await instance.pixelData.frame(1)], Array.from({ length: 12 }, () => 1))
})

t.test('a file cut at any byte of its header or pixels is an error or says what is missing', async t => {
  const file = encodePart10(mrDataset({
    SourceImageSequence: [{ ReferencedSOPClassUID: '1.2', ReferencedSOPInstanceUID: '1.3' }],
  }))
  const expected = new Set(['not-dicom', 'dicom-truncated', 'dicom-malformed', 'uid-invalid', 'pixel-data-invalid'])
  let warned = 0
  for (let end = 0; end < file.length; end++) {
    try {
      const { warnings } = readInstance(file.subarray(0, end))
      t.ok(warnings.includes('PixelData is missing'), `cut at ${end}`)
      warned++
    } catch (error) {
      t.ok(error instanceof AppError && expected.has(error.code), `cut at ${end}`)
    }
  }
  t.ok(warned < 40, 'only between elements')
})

t.test('a cut real file is never taken for a whole one', async t => {
  const path = dataPath(t, 'mr-dicom/nema-wg04/MR1_JLSL')
  if (path === undefined) return
  const whole = readFileSync(path)
  t.strictSame(readInstance(whole).warnings, [])
  const ends = [...Array.from({ length: 20 }, (_, i) => Math.floor(whole.length * (i + 1) / 21)), whole.length - 1, whole.length - 8]
  for (const end of ends) {
    const cut = whole.subarray(0, end)
    const warnings = thrownBy(() => readInstance(cut)) === undefined ? readInstance(cut).warnings : ['refused']
    t.not(warnings.length, 0, `cut at ${end}`)
  }
})

t.test('sizes beyond reason are refused before anything is allocated', async t => {
  const large = (changes: readonly Uint8Array[]) => codeOf(part10(Buffer.concat([identity(), ...changes, element(0x7fe00010, 'OW', 'ab')])))
  t.equal(large([imagePixel(65_535, 65_535, 16)]), 'instance-too-large')
  t.equal(large([imagePixel(2, 2, 16, 1_000_000)]), 'instance-too-large')
  t.equal(large([imagePixel(8_000, 8_000, 16, 60_000)]), 'instance-too-large')
})

t.test('Image Pixel values that no image has are refused', async t => {
  const with_ = (changes: readonly Uint8Array[]) => codeOf(part10(Buffer.concat([identity(), ...changes, element(0x7fe00010, 'OW', 'ab')])))
  for (const bits of [0, 7, 64]) {
    t.equal(with_([element(0x00280010, 'US', uint16(1)), element(0x00280011, 'US', uint16(1)), element(0x00280100, 'US', uint16(bits))]), 'pixel-data-invalid')
  }
  t.equal(with_([element(0x00280002, 'US', uint16(255)), element(0x00280010, 'US', uint16(1)), element(0x00280011, 'US', uint16(1)),
    element(0x00280100, 'US', uint16(16))]), 'pixel-data-invalid')
  t.equal(with_([imagePixel(0, 3, 16)]), 'pixel-data-invalid')
  t.equal(with_([element(0x00280011, 'US', uint16(1))]), 'pixel-data-invalid')
  t.equal(with_([imagePixel(1, 1, 16, 0)]), 'pixel-data-invalid')
  const bits = (stored: number, high: number) => [element(0x00280010, 'US', uint16(1)), element(0x00280011, 'US', uint16(1)),
    element(0x00280100, 'US', uint16(16)), element(0x00280101, 'US', uint16(stored)), element(0x00280102, 'US', uint16(high))]
  t.equal(with_(bits(17, 16)), 'pixel-data-invalid')
  t.equal(with_(bits(0, 0)), 'pixel-data-invalid')
  t.equal(with_(bits(12, 10)), 'pixel-data-invalid')
  t.equal(with_(bits(12, 16)), 'pixel-data-invalid')
  t.equal(with_(bits(12, 15)), undefined)
})

t.test('pixel data of the wrong length is refused on both sides', async t => {
  t.equal(codeOf(image(Buffer.alloc(10))), 'pixel-data-invalid')
  t.equal(codeOf(image(Buffer.alloc(12))), undefined)
  t.equal(codeOf(image(Buffer.alloc(14))), 'pixel-data-invalid')
  t.equal(codeOf(image(Buffer.alloc(4), 1, 3, 8)), undefined, 'one byte of padding')
  t.equal(codeOf(image(Buffer.alloc(3), 1, 3, 8)), undefined, 'or none')
  t.equal(codeOf(image(Buffer.alloc(6), 1, 3, 8)), 'pixel-data-invalid')
  t.equal(codeOf(image(Buffer.alloc(2), 3, 4, 1)), undefined, 'twelve bits')
})

t.test('single bits are given whole for one frame and refused for several', async t => {
  t.equal((await readInstance(image(Buffer.alloc(2), 3, 4, 1)).pixelData.frame(1)).length, 2)
  const several = readInstance(image(Buffer.alloc(4), 3, 4, 1, 2))
  t.equal(several.frameCount, 2)
  t.equal((await rejectionOf(several.pixelData.frame(1)))?.code, 'pixel-data-invalid')
  t.equal(several.warnings.length, 1)
})

t.test('pixel data that is not encoded as declared is refused', async t => {
  const header = Buffer.concat([identity(), imagePixel(2, 3, 16)])
  t.equal(codeOf(part10(Buffer.concat([header, encapsulated([], [Buffer.alloc(4)])]))), 'pixel-data-invalid')
  t.equal(codeOf(part10(Buffer.concat([header, element(0x7fe00010, 'OB', Buffer.alloc(12))]), '1.2.840.10008.1.2.5')), 'pixel-data-invalid')
  t.equal(codeOf(part10(Buffer.concat([header, encapsulated([], [Buffer.alloc(4)])]), '1.2.840.10008.1.2.4.100')), undefined, 'a video is kept')
})

t.test('UIDs that are paths, too long or malformed are refused without being repeated', async t => {
  const attacks = ['../../etc/passwd', '1.2/3', '%2e%2e', '1.2\0.3', `1.${'2'.repeat(63)}`, '1.02', '1..2', '', ' ']
  for (const attack of attacks) {
    for (const tag of [0x00080016, 0x00080018, 0x0020000d, 0x0020000e]) {
      const uids = [0x00080016, 0x00080018, 0x0020000d, 0x0020000e].map(one => element(one, 'UI', one === tag ? attack : '1.2'))
      const error = thrownBy(() => readInstance(part10(Buffer.concat(uids))))
      t.equal(error?.code, 'uid-invalid', JSON.stringify(attack))
      if (attack.length > 2) t.notOk(`${error?.message} ${JSON.stringify(error?.facts)}`.includes(attack))
    }
  }
  t.equal(codeOf(part10(identity(), '1.2.840.10008.1.2.1/../x')), 'uid-invalid')
})

t.test('deviations that do not matter are warnings', async t => {
  const meta = Buffer.concat([element(0x00020002, 'UI', '1.2.9'), element(0x00020003, 'UI', '1.2.8'), element(0x00020010, 'UI', '1.2.840.10008.1.2.1')])
  const file = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x00020000, 'UL', uint32(meta.length)), meta,
    element(0x00080005, 'CS', 'KLINGON'), identity()])
  t.strictSame(readInstance(file).warnings, [
    'MediaStorageSOPClassUID differs from SOPClassUID',
    'MediaStorageSOPInstanceUID differs from SOPInstanceUID',
    'SpecificCharacterSet has a value that the standard does not define',
    'PixelData is missing',
  ])
  const report = readInstance(part10(identity({}, '1.2.840.10008.5.1.4.1.1.88.33')))
  t.strictSame([report.warnings, report.frameCount], [[], 0])
  t.equal((await rejectionOf(report.pixelData.frame(1)))?.code, 'pixel-data-missing')
})

t.test('files and memory beyond the limit are refused', async t => {
  const parse = { depth: 8, elements: 100, bytes: 200 }
  const bytes = encodePart10(mrDataset())
  t.equal(thrownBy(() => readInstance(bytes, { parse }))?.code, 'instance-too-large')
  t.equal((await rejectionOf(readInstanceFile(temporaryFile(t, bytes), { parse })))?.code, 'instance-too-large')
})

/** Files of the shared data that are no instances, with the code that says why. */
const refused: Readonly<Record<string, string>> = {
  'canon-enhanced-and-classic/UPSTREAM_LICENSE': 'not-dicom',
  'philips-flair-axial/UPSTREAM_COPYING': 'not-dicom',
  'philips-t2star-epi/UPSTREAM_COPYING': 'not-dicom',
  'siemens-mosaic-9-syntaxes/UPSTREAM_LICENSE': 'not-dicom',
  't1-axial-sparse-headers/UPSTREAM_LICENSE': 'not-dicom',
  'enhanced-mr-small/HTJ2KLossless_08_RGB.dcm': 'uid-invalid',
  'enhanced-mr-small/HTJ2K_08_RGB.dcm': 'uid-invalid',
  'enhanced-mr-small/JLSL_16_15_1_1F.dcm': 'uid-invalid',
  'enhanced-mr-small/emri_small_jpeg_2k_lossless_too_short.dcm': 'dicom-truncated',
}

t.test('every file of the shared data is read, or refused with the right code', async t => {
  const root = dataPath(t, 'mr-dicom')
  if (root === undefined) return
  const outcomes: Record<string, string> = {}
  let instances = 0
  for (const path of filesBelow(root)) {
    try {
      const instance = await readInstanceFile(path)
      const frame = await instance.pixelData.frame(instance.frameCount)
      t.ok(frame.length > 0)
      instances++
    } catch (error) {
      outcomes[relative(root, path)] = error instanceof AppError ? error.code : String(error)
    }
  }
  t.strictSame(outcomes, refused)
  t.ok(instances > 200)
})

t.test('pydicom reads the same values from the shared data', async t => {
  const root = dataPath(t, 'mr-dicom')
  if (root === undefined || !requirePydicom(t)) return
  const paths = filesBelow(root).filter(path => !(relative(root, path) in refused))
  const keywords = ['SOPInstanceUID', 'ImageType', 'RepetitionTime', 'EchoTime', 'InversionTime', 'ImagePositionPatient', 'Rows', 'WindowCenter',
    'SmallestImagePixelValue', 'PixelPaddingValue', 'RescaleSlope', 'PatientSex', 'SeriesDescription', 'AcquisitionMatrix', 'DiffusionBValue']
  const theirs = askPython(`
import sys, json, warnings, pydicom
warnings.simplefilter('ignore')
paths, keywords = json.load(open(sys.argv[1]))
out = []
for path in paths:
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    row = []
    for k in keywords:
        e = ds[k] if k in ds else None
        v = [] if e is None or e.value is None or e.value == '' else (list(e.value) if e.VM > 1 else [e.value])
        row.append([str(x) if isinstance(x, str) else float(x) for x in v])
    out.append(row)
print(json.dumps(out))`, temporaryFile(t, Buffer.from(JSON.stringify([paths, keywords])), 'question.json')) as (string | number)[][][]
  for (const [i, path] of paths.entries()) {
    const { attributes } = await readInstanceFile(path)
    for (const [k, keyword] of keywords.entries()) {
      const expected = theirs[i]?.[k] ?? []
      const actual = expected.every(value => typeof value === 'number') ? attributes.numbers(keyword) : attributes.strings(keyword)
      if (JSON.stringify(actual) !== JSON.stringify(expected)) t.strictSame(actual, expected, `${keyword} of ${relative(root, path)}`)
    }
  }
  t.equal(theirs.length, paths.length)
})

function filesBelow (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map(name => join(folder, name)).filter(path => statSync(path).isFile())
}
