import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance, readInstanceFile } from '../../src/dicom/read-instance.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { dataPath } from '../helpers/data.ts'
import { element, identity, part10, uint16 } from './encoded.ts'
import { mrDataset } from './mr-dataset.ts'

const sliceOf = (changes: Dataset = {}): Slice => slicesOf(readInstance(encodePart10(mrDataset(changes))))[0]!

t.test('a classic image is one slice with its own attributes', async t => {
  const slice = sliceOf({ FrameOfReferenceUID: '1.5', SliceThickness: 5 })
  t.equal(slice.frameNumber, 1)
  t.equal(slice.instanceNumber, 7)
  t.equal(slice.frameOfReferenceUid, '1.5')
  t.strictSame(slice.imageType, ['ORIGINAL', 'PRIMARY', 'M'])
  t.strictSame(slice.plane, {
    position: [-120.5, -110, 30], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], spacing: [0.9, 0.8], sliceThickness: 5,
  })
  t.strictSame(slice.pixel, {
    rows: 2, columns: 3, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2', bitsAllocated: 16, bitsStored: 12, highBit: 11,
    signed: false, planarConfiguration: 0, padding: undefined,
  })
  t.strictSame(slice.modality, { kind: 'linear', slope: 1, intercept: 0 })
  t.strictSame(slice.voi, [])
  t.strictSame(slice.warnings, [])
})

t.test('an object without pixels has no slices', async t => {
  t.strictSame(slicesOf(readInstance(part10(identity({}, '1.2.840.10008.5.1.4.1.1.88.33')))), [])
})

t.test('a plane needs all of its attributes, each of them right', async t => {
  const plane = (changes: Dataset) => {
    const { plane, warnings } = sliceOf(changes)
    return [plane === undefined, ...warnings]
  }
  t.strictSame(plane({ ImageOrientationPatient: null }), [true, 'ImageOrientationPatient is missing or invalid'])
  t.strictSame(plane({ ImageOrientationPatient: [2, 0, 0, 0, 1, 0] }), [true, 'ImageOrientationPatient is missing or invalid'])
  t.strictSame(plane({ ImageOrientationPatient: [1, 0, 0, 1, 0, 0] }), [true, 'ImageOrientationPatient is missing or invalid'])
  t.strictSame(plane({ ImagePositionPatient: null }), [true, 'ImagePositionPatient is missing or invalid'])
  t.strictSame(plane({ PixelSpacing: null }), [true, 'PixelSpacing is missing or invalid'])
  t.strictSame(plane({ PixelSpacing: [0, 1] }), [true, 'PixelSpacing is missing or invalid'])
  t.strictSame(plane({ ImageOrientationPatient: null, ImagePositionPatient: null }), [true])
  t.same(sliceOf({ ImageOrientationPatient: [0.999, 0, 0, 0, 0, -1.001] }).plane?.columnCosines, [0, 0, -1], 'rounded cosines are made unit vectors')
})

t.test('pixel padding is a range of stored values, low to high, with their sign', async t => {
  const padding = (changes: Dataset) => sliceOf(changes).pixel.padding
  t.strictSame(padding({ PixelPaddingValue: 0 }), [0, 0])
  t.strictSame(padding({ PixelPaddingValue: 63_536, PixelPaddingRangeLimit: 10 }), [10, 63_536])
  t.strictSame(padding({ PixelRepresentation: 1, PixelPaddingValue: -2000 }), [-2000, -2000])
  t.strictSame(padding({ PixelRepresentation: 1, PixelPaddingValue: 63_536 }), [-2000, -2000], 'written as US all the same')
})

t.test('what Image Pixel leaves out is taken as usual and named', async t => {
  const bare = readInstance(part10(Buffer.concat([
    identity(), element(0x00280010, 'US', uint16(1)), element(0x00280011, 'US', uint16(2)), element(0x00280100, 'US', uint16(16)),
    element(0x7fe00010, 'OW', Buffer.alloc(4))])))
  const slice = slicesOf(bare)[0]!
  t.match(slice.pixel, { bitsStored: 16, highBit: 15, signed: false, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2' })
  t.strictSame(slice.warnings, ['BitsStored is missing', 'HighBit is missing', 'PhotometricInterpretation is missing'])
})

t.test('rescale is a line; a slope of 0 is not taken', async t => {
  t.strictSame(sliceOf({ RescaleSlope: 9.570207, RescaleIntercept: -19595 }).modality, { kind: 'linear', slope: 9.570207, intercept: -19595 })
  const zero = sliceOf({ RescaleSlope: 0, RescaleIntercept: 5 })
  t.strictSame([zero.modality, zero.warnings], [{ kind: 'linear', slope: 1, intercept: 5 }, ['RescaleSlope is 0']])
  const half = sliceOf({ RescaleSlope: 2 })
  t.strictSame([half.modality, half.warnings.length], [{ kind: 'linear', slope: 2, intercept: 0 }, 1])
})

t.test('a Modality LUT comes before rescale, a broken one is passed over', async t => {
  const table = sliceOf({ ModalityLUTSequence: [{ LUTDescriptor: [3, 10, 16], LUTData: [5, 6, 65_535] }] })
  t.strictSame(table.modality, { kind: 'table', lut: { first: 10, bits: 16, entries: Uint16Array.of(5, 6, 65_535) } })
  const broken = sliceOf({ ModalityLUTSequence: [{ LUTDescriptor: [3, 10, 16], LUTData: [5] }], RescaleSlope: 2, RescaleIntercept: 1 })
  t.strictSame([broken.modality, broken.warnings], [{ kind: 'linear', slope: 2, intercept: 1 }, ['ModalityLUTSequence is invalid']])
  t.equal(sliceOf({ ModalityLUTSequence: [{ LUTDescriptor: [3, 10, 32], LUTData: [5, 6, 7] }] }).modality.kind, 'linear')
  t.equal(sliceOf({ ModalityLUTSequence: [{ LUTData: [5, 6, 7] }] }).modality.kind, 'linear')
})

t.test('a table of 0 entries has 65,536, and 8-bit entries may be packed', async t => {
  const full = sliceOf({ ModalityLUTSequence: [{ LUTDescriptor: [0, 0, 16], LUTData: new Uint16Array(65_536).fill(7).buffer }] }).modality
  t.equal(full.kind === 'table' && full.lut.entries.length, 65_536)
  const packed = sliceOf({ ModalityLUTSequence: [{ LUTDescriptor: [3, 0, 8], LUTData: Uint8Array.of(1, 2, 3, 0).buffer }] }).modality
  t.strictSame(packed.kind === 'table' && packed.lut.entries, Uint16Array.of(1, 2, 3))
})

t.test('windows come in the order of the header, tables after them', async t => {
  const slice = sliceOf({
    WindowCenter: [600, 40], WindowWidth: [1600, 0], VOILUTFunction: 'SIGMOID',
    VOILUTSequence: [{ LUTDescriptor: [2, 0, 8], LUTData: [0, 255] }, { LUTDescriptor: [9, 0, 8], LUTData: [0, 255] }],
  })
  t.strictSame(slice.voi, [
    { kind: 'window', center: 600, width: 1600, function: 'SIGMOID' },
    { kind: 'window', center: 40, width: 0, function: 'SIGMOID' },
    { kind: 'table', lut: { first: 0, bits: 8, entries: Uint16Array.of(0, 255) } },
  ])
  t.strictSame(slice.warnings, ['VOILUTSequence is invalid'])
  const odd = sliceOf({ WindowCenter: [1, 2], WindowWidth: 3, VOILUTFunction: 'CUBIC' })
  t.strictSame(odd.voi, [{ kind: 'window', center: 1, width: 3, function: 'LINEAR' }])
  t.equal(odd.warnings.length, 2)
})

t.test('classic acquisition attributes keep absence and drop an inversion time of 0', async t => {
  const acquisition = sliceOf({
    ScanningSequence: ['SE', 'IR'], SequenceVariant: ['SK', 'SP'], ScanOptions: 'FS', MRAcquisitionType: '2D', InversionTime: 2500,
    EchoTrainLength: 29, FlipAngle: 90,
  }).acquisition
  t.strictSame(acquisition, {
    repetitionTime: 9000, echoTime: 100, inversionTimes: [2500], echoTrainLength: 29, flipAngle: 90, scanningSequence: ['SE', 'IR'],
    sequenceVariant: ['SK', 'SP'], scanOptions: ['FS'], mrAcquisitionType: '2D', acquisitionContrast: undefined, echoPlanar: false,
    inversionRecovery: true, diffusionBValues: [], diffusionDirectionality: undefined,
  })
  const other = sliceOf({ ScanningSequence: 'EP', InversionTime: 0, RepetitionTime: null, EchoTime: null, MRAcquisitionType: '4D' }).acquisition
  t.strictSame([other.echoPlanar, other.inversionTimes, other.repetitionTime, other.echoTime, other.mrAcquisitionType], [true, [], undefined, undefined, undefined])
})

t.test('b-values are found wherever a vendor keeps them', async t => {
  /** One pixel with these elements beside it, in the order of their tags. */
  const image = (...elements: readonly Buffer[]) => {
    const all = [
      element(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.4'), element(0x00080018, 'UI', '1.2.3.4'), ...elements,
      element(0x0020000d, 'UI', '1.2'), element(0x0020000e, 'UI', '1.3'), element(0x00280010, 'US', uint16(1)), element(0x00280011, 'US', uint16(1)),
      element(0x00280100, 'US', uint16(16)), element(0x7fe00010, 'OW', uint16(0)),
    ]
    const tag = (one: Buffer) => one.readUInt16LE(0) * 0x10000 + one.readUInt16LE(2)
    return slicesOf(readInstance(part10(Buffer.concat(all.sort((a, b) => tag(a) - tag(b))))))[0]!.acquisition
  }
  const maker = (name: string) => element(0x00080070, 'LO', name)
  t.strictSame(image(maker('SIEMENS'), element(0x00190010, 'LO', 'SIEMENS MR HEADER'), element(0x0019100c, 'IS', '1000'),
    element(0x0019100d, 'CS', 'DIRECTIONAL')), { ...image(maker('X')), diffusionBValues: [1000], diffusionDirectionality: 'DIRECTIONAL' })
  t.strictSame(image(maker('GE MEDICAL SYSTEMS'), element(0x00430010, 'LO', 'GEMS_PARM_01'),
    element(0x00431039, 'IS', '1000000800\\8\\0\\0')).diffusionBValues, [800])
  t.strictSame(image(maker('GE MEDICAL SYSTEMS'), element(0x00431039, 'UN', '1000\\8\\0\\0')).diffusionBValues, [1000], 'its creator removed')
  t.strictSame(image(maker('UIH'), element(0x00650010, 'LO', 'Image Private Header'),
    element(0x00651009, 'FD', new Uint8Array(Float64Array.of(50).buffer))).diffusionBValues, [50])
  t.strictSame(image(maker('Other'), element(0x00189087, 'FD', new Uint8Array(Float64Array.of(0).buffer))).diffusionBValues, [0])
  t.strictSame(image(maker('Other'), element(0x00430010, 'LO', 'SOMEONE ELSE'), element(0x00431039, 'IS', '1000')).diffusionBValues, [])
})

/** Two frames whose geometry, window and rescale differ and whose timing is shared. */
function enhanced (): Dataset {
  const frame = (z: number, slope: number): Dataset => ({
    PlanePositionSequence: [{ ImagePositionPatient: [0, 0, z] }],
    FrameVOILUTSequence: [{ WindowCenter: 100 + z, WindowWidth: 200 }],
    PixelValueTransformationSequence: [{ RescaleSlope: slope, RescaleIntercept: z, RescaleType: 'US' }],
    MREchoSequence: [{ EffectiveEchoTime: 90 + z }],
    MRDiffusionSequence: [{ DiffusionDirectionality: 'NONE', DiffusionBValue: 0 }],
    FrameContentSequence: [{ InStackPositionNumber: 1 }],
    MRImageFrameTypeSequence: [{ FrameType: ['ORIGINAL', 'PRIMARY', 'T2', 'NONE'] }],
  })
  const { ImageOrientationPatient, PixelSpacing, ...rest } = mrDataset()
  const moved = new Set(['RepetitionTime', 'EchoTime', 'ImagePositionPatient'])
  const common = Object.fromEntries(Object.entries(rest).filter(([keyword]) => !moved.has(keyword)))
  return {
    ...common,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4.1',
    NumberOfFrames: 2,
    ImageType: ['ORIGINAL', 'PRIMARY', 'MIXED', 'NONE'],
    EchoPulseSequence: 'SPIN',
    MRAcquisitionType: '2D',
    AcquisitionContrast: 'FLUID_ATTENUATED',
    SharedFunctionalGroupsSequence: [{
      PlaneOrientationSequence: [{ ImageOrientationPatient: ImageOrientationPatient! }],
      PixelMeasuresSequence: [{ PixelSpacing: PixelSpacing!, SliceThickness: 4 }],
      MRTimingAndRelatedParametersSequence: [{ RepetitionTime: 8000, FlipAngle: 90, EchoTrainLength: 0, RFEchoTrainLength: 16 }],
      MRModifierSequence: [{ InversionRecovery: 'YES', InversionTimes: [2500] }],
      PixelValueTransformationSequence: [{ RescaleSlope: 99, RescaleIntercept: 99, RescaleType: 'US' }],
    }],
    PerFrameFunctionalGroupsSequence: [frame(0, 2), frame(5, 3)],
    PixelData: new Uint16Array(12).buffer,
  }
}

t.test('functional groups are resolved: own macros over shared ones over the data set', async t => {
  const [first, second] = slicesOf(readInstance(encodePart10(enhanced())))
  t.same([first!.plane?.position, second!.plane?.position], [[0, 0, 0], [0, 0, 5]])
  t.equal(second!.plane?.sliceThickness, 4)
  t.strictSame(second!.modality, { kind: 'linear', slope: 3, intercept: 5 })
  t.strictSame(second!.voi, [{ kind: 'window', center: 105, width: 200, function: 'LINEAR' }])
  t.strictSame(second!.imageType, ['ORIGINAL', 'PRIMARY', 'T2', 'NONE'])
  t.strictSame(second!.acquisition, {
    repetitionTime: 8000, echoTime: 95, inversionTimes: [2500], echoTrainLength: 16, flipAngle: 90, scanningSequence: ['SE', 'IR'],
    sequenceVariant: [], scanOptions: [], mrAcquisitionType: '2D', acquisitionContrast: 'FLUID_ATTENUATED', echoPlanar: false,
    inversionRecovery: true, diffusionBValues: [0], diffusionDirectionality: 'NONE',
  })
  t.equal(first!.frameNumber, 1)
  t.equal(second!.frameNumber, 2)
  t.equal(second!.source, first!.source)
})

t.test('pulse sequences are told in the words of classic MR', async t => {
  const sequence = (changes: Dataset) => slicesOf(readInstance(encodePart10({ ...enhanced(), ...changes })))[0]!.acquisition
  t.strictSame(sequence({ EchoPulseSequence: 'GRADIENT', EchoPlanarPulseSequence: 'YES' }).scanningSequence, ['EP', 'GR', 'IR'])
  t.strictSame(sequence({ EchoPulseSequence: 'BOTH' }).scanningSequence, ['GR', 'SE', 'IR'])
  t.ok(sequence({ EchoPlanarPulseSequence: 'YES' }).echoPlanar)
  const { EchoPulseSequence, ...without } = enhanced()
  t.equal(EchoPulseSequence, 'SPIN')
  t.strictSame(slicesOf(readInstance(encodePart10(without)))[0]!.acquisition.scanningSequence, ['IR'])
})

t.test('Legacy Converted Enhanced MR keeps classic attributes in its unassigned groups', async t => {
  const { SharedFunctionalGroupsSequence, ...rest } = enhanced()
  const shared = (SharedFunctionalGroupsSequence as readonly Dataset[])[0]!
  const slice = slicesOf(readInstance(encodePart10({
    ...rest,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4.4',
    SharedFunctionalGroupsSequence: [{ ...shared, UnassignedSharedConvertedAttributesSequence: [{ ScanningSequence: ['SE', 'IR'], SequenceName: '*tir2d1' }] }],
  })))[1]!
  t.strictSame(slice.acquisition.scanningSequence, ['SE', 'IR'])
  t.equal(slice.attributes.string('SequenceName'), '*tir2d1')
})

t.test('frames without a group of their own fall back to the shared ones', async t => {
  const { PerFrameFunctionalGroupsSequence, ...rest } = enhanced()
  t.ok(PerFrameFunctionalGroupsSequence)
  const slices = slicesOf(readInstance(encodePart10(rest)))
  t.equal(slices.length, 2)
  t.equal(slices[1]!.acquisition.repetitionTime, 8000)
  t.equal(slices[1]!.plane, undefined)
  t.strictSame(slices[1]!.modality, { kind: 'linear', slope: 99, intercept: 99 })
  const { SharedFunctionalGroupsSequence, ...own } = enhanced()
  t.ok(SharedFunctionalGroupsSequence)
  t.equal(slicesOf(readInstance(encodePart10(own)))[1]!.acquisition.echoTime, 95)
})

t.test('Philips frames of the shared data have their own rescale and b-value, explicit and implicit alike', async t => {
  const explicit = dataPath(t, 'mr-dicom/vendor-headers-noise-pixels/philips_enhanced/dti/001/IM-0001-3835-0001.dcm')
  const implicit = dataPath(t, 'mr-dicom/vendor-headers-noise-pixels/philips_enhanced/dti/001_implicit/IM-0001-3835-0001.dcm')
  if (explicit === undefined || implicit === undefined) return
  const [a, b] = await Promise.all([explicit, implicit].map(async path => slicesOf(await readInstanceFile(path))))
  t.equal(a!.length, 32)
  t.strictSame(b!.map(slice => slice.acquisition), a!.map(slice => slice.acquisition))
  t.strictSame(b!.map(slice => [slice.plane, slice.modality, slice.voi]), a!.map(slice => [slice.plane, slice.modality, slice.voi]))
  t.ok(a!.some(slice => slice.acquisition.diffusionBValues.includes(1300)))
  t.equal(new Set(a!.map(slice => slice.plane?.position.join())).size > 1, true)
})

t.test('the enhanced and the classic Canon files agree slice by slice', async t => {
  const path = dataPath(t, 'mr-dicom/canon-enhanced-and-classic/enh/3000.dcm')
  const classicPath = dataPath(t, 'mr-dicom/canon-enhanced-and-classic/cl/3000_001.dcm')
  if (path === undefined || classicPath === undefined) return
  const slices = slicesOf(await readInstanceFile(path))
  const [classic] = slicesOf(await readInstanceFile(classicPath))
  t.equal(slices.length, 520)
  const near = slices.find(slice => Math.hypot(...slice.plane!.position.map((value, i) => value - classic!.plane!.position[i]!)) < 0.01)
  t.equal(near?.acquisition.repetitionTime, classic!.acquisition.repetitionTime)
  t.equal(near?.acquisition.echoTime, classic!.acquisition.echoTime)
  t.strictSame(near?.plane?.spacing, classic!.plane?.spacing)
})
