import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { transferSyntaxes } from '../../src/dicom/transfer-syntaxes.ts'
import { startCodecThread } from '../../src/imaging/codec-thread.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import type { StoredPixels } from '../../src/imaging/stored-pixels.ts'
import { dataPath } from '../helpers/data.ts'
import { requireTool } from '../helpers/tools.ts'
import { encodeFrame, picture, pixelOf, random, syntax } from './encode-frame.ts'

const decoder = createDecoder({ workers: 1 })
t.teardown(async () => { await decoder.close() })

const frame = async (path: string, number = 1): Promise<StoredPixels> => {
  const slice = slicesOf(await readInstanceFile(path))[number - 1]
  if (slice === undefined) throw new Error(`${path} has no frame ${number}`)
  return await decoder.decodeSlice(slice)
}
/** Peak signal to noise ratio in dB, the peak being the range of the reference. */
const psnr = (reference: StoredPixels, other: StoredPixels): number => {
  let [error, low, high] = [0, Infinity, -Infinity]
  reference.data.forEach((value, i) => {
    error += (value - other.data[i]!) ** 2
    low = Math.min(low, value)
    high = Math.max(high, value)
  })
  return 10 * Math.log10((high - low) ** 2 / (error / reference.data.length))
}
/** Debian's Python: the one that has pydicom. */
const python = (script: string, ...parameters: string[]): string => {
  const { stdout, status } = spawnSync('/usr/bin/python3', ['-c', script, ...parameters], { encoding: 'utf8' })
  if (status !== 0) throw new Error('the Python script failed')
  return stdout
}
const temporary = (t: { teardown: (act: () => void) => void }): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  return folder
}
/** The only frame of a sample that came without study and series UIDs, so that it is no instance for us. */
const frameBytes = (path: string): Uint8Array => new Uint8Array(Buffer.from(python(
  'import sys,pydicom,pydicom.encaps\nd=pydicom.dcmread(sys.argv[1])\nb=d.PixelData\n' +
  'print((next(pydicom.encaps.generate_pixel_data_frame(b,1)) if d["PixelData"].is_undefined_length else b).hex())',
  path).trim(), 'hex'))
const codeOf = (error: unknown): string => (error as { code: string }).code
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** What pydicom makes of an uncompressed file: sha256 of the values, the bits of `mask` alone, as little-endian int32. */
const pydicomSha256 = (path: string, mask = -1): string => python(
  'import sys,hashlib,pydicom,warnings\nwarnings.simplefilter("ignore")\n' +
  'a=pydicom.dcmread(sys.argv[1]).pixel_array.astype("<i4")&int(sys.argv[2])\nprint(hashlib.sha256(a.astype("<i4").tobytes()).hexdigest())',
  path, String(mask)).trim()
const asInt32 = (frames: readonly StoredPixels[]) => Buffer.concat(frames.map(({ data }) => {
  const values = Int32Array.from(data)
  return Buffer.from(values.buffer)
}))

const good = pixelOf(32, 32)
const goodSamples = new Uint16Array(picture(32, 32, 0, 4095, 7))

t.test('NEMA WG04: every lossless encoding equals the uncompressed one bit for bit', async t => {
  for (const name of ['MR1', 'MR4']) {
    const path = dataPath(t, `mr-dicom/nema-wg04/${name}_UNC`)
    if (path === undefined) return
    const reference = await frame(path)
    t.equal(reference.data.length, 512 * 512)
    for (const variant of ['J2KR', 'JPLL', 'RLE', 'JLSL']) {
      const { data } = await frame(path.replace('UNC', variant))
      t.strictSame(sha256(asInt32([{ ...reference, data }])), sha256(asInt32([reference])), `${name}_${variant}`)
    }
  }
})

t.test('NEMA WG04: the lossy encodings stay near the uncompressed one', async t => {
  for (const name of ['MR1', 'MR4']) {
    const path = dataPath(t, `mr-dicom/nema-wg04/${name}_UNC`)
    if (path === undefined) return
    const reference = await frame(path)
    // JPEG extended 12 bit, JPEG-LS near-lossless, JPEG 2000 irreversible
    for (const [variant, least] of [['JPLY', 40], ['JLSN', 55], ['J2KI', 35]] as const) {
      const distance = psnr(reference, await frame(path.replace('UNC', variant)))
      t.ok(distance >= least && Number.isFinite(distance), `${name}_${variant}: ${distance.toFixed(1)} dB`)
    }
  }
})

t.test('a Siemens mosaic is the same in nine encodings', async t => {
  const path = dataPath(t, 'mr-dicom/siemens-mosaic-9-syntaxes/1.dcm')
  if (path === undefined) return
  const hashes = new Set<string>()
  for (let i = 1; i <= 9; i++) hashes.add(sha256(asInt32([await frame(path.replace('1.dcm', `${i}.dcm`))])))
  t.equal(hashes.size, 1)
  if (requireTool(t, 'python3')) t.ok(hashes.has(pydicomSha256(path)), 'and as pydicom reads it')
})

t.test('enhanced MR: ten frames in five encodings', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/emri_small.dcm')
  if (path === undefined) return
  const all = async (file: string) => {
    const frames = []
    for (const slice of slicesOf(await readInstanceFile(file))) frames.push(await decoder.decodeSlice(slice))
    return sha256(asInt32(frames))
  }
  const expected = await all(path)
  if (requireTool(t, 'python3')) t.equal(expected, pydicomSha256(path), 'pydicom agrees')
  for (const variant of ['RLE', 'big_endian', 'jpeg_2k_lossless', 'jpeg_ls_lossless']) {
    t.equal(await all(path.replace('.dcm', `_${variant}.dcm`)), expected, variant)
  }
})

t.test('a codestream that is too short is refused, the frames beside it are not', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/emri_small_jpeg_2k_lossless_too_short.dcm')
  if (path === undefined) return
  const good = path.replace('_too_short', '')
  const outcomes = []
  const instance = await readInstanceFile(path).catch((error: unknown) => error as { code: string })
  if ('code' in instance) {
    outcomes.push(instance.code)
  } else {
    for (const slice of slicesOf(instance)) {
      outcomes.push(await decoder.decodeSlice(slice).then(
        async decoded => sha256(asInt32([decoded])) === sha256(asInt32([await frame(good, slice.frameNumber)])),
        codeOf))
    }
  }
  t.ok(outcomes.some(outcome => typeof outcome === 'string'), `something is refused: ${outcomes.join()}`)
  t.notOk(outcomes.includes(false), 'nothing decodes to other values')
})

t.test('JPEG 2000 of 1024 × 1024 and big endian of 16 signed bits, against the native file and pydicom', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/MR2_UNCR.dcm')
  const big = dataPath(t, 'mr-dicom/ge-pd-axial/explicit_big.dcm')
  if (path === undefined || big === undefined || !requireTool(t, 'python3')) return
  const native = await frame(path)
  t.equal(sha256(asInt32([native])), pydicomSha256(path))
  t.equal(sha256(asInt32([await frame(path.replace('UNCR', 'J2KR'))])), pydicomSha256(path))
  t.equal(sha256(asInt32([await frame(big)])), pydicomSha256(big))
})

t.test('16-bit signed JPEG-LS as dcmtk decodes it', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/JLSL_16_15_1_1F.dcm')
  if (path === undefined || !requireTool(t, 'dcmdjpls') || !requireTool(t, 'python3')) return
  const folder = temporary(t)
  t.equal(spawnSync('dcmdjpls', [path, join(folder, 'native.dcm')]).status, 0)
  const pixel = pixelOf(128, 128, { bitsStored: 15, signed: true })
  const ours = await decoder.decode(frameBytes(path), pixel, syntax.jpegLs)
  t.ok(ours.data instanceof Int16Array)
  t.ok(ours.data.every(value => value >= -(2 ** 14) && value < 2 ** 14), 'fifteen bits with their sign')
  // neither dcmtk nor pydicom extends the sign of the fifteenth bit: the bits stored are compared
  t.equal(sha256(asInt32([{ ...ours, data: ours.data.map(value => value & 0x7fff) }])), pydicomSha256(join(folder, 'native.dcm'), 0x7fff))
  t.strictSame((await decoder.decode(frameBytes(join(folder, 'native.dcm')), pixel, syntax.explicit)).data, ours.data, 'our native reading does')
})

t.test('12-bit JPEG extended as dcmtk writes and reads it', async t => {
  const path = dataPath(t, 'mr-dicom/nema-wg04/MR4_UNC')
  if (path === undefined || !requireTool(t, 'dcmcjpeg') || !requireTool(t, 'dcmdjpeg') || !requireTool(t, 'python3')) return
  const folder = temporary(t)
  const at = (name: string) => join(folder, name)
  t.equal(spawnSync('dcmcjpeg', ['+ee', path, at('extended.dcm')]).status, 0)
  t.equal(spawnSync('dcmdjpeg', [at('extended.dcm'), at('native.dcm')]).status, 0)
  t.equal((await readInstanceFile(at('extended.dcm'))).transferSyntaxUid, syntax.jpegExtended)
  const dcmtk = await frame(at('native.dcm'))
  const ours = await frame(at('extended.dcm'))
  t.ok(ours.data.every((value, i) => Math.abs(value - dcmtk.data[i]!) <= 1), 'equal but for the rounding of the transform')
})

t.test('HTJ2K colour: whole frames of three samples, the lossy one near the lossless', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/HTJ2KLossless_08_RGB.dcm')
  if (path === undefined || !requireTool(t, 'python3')) return
  const pixel = pixelOf(640, 480, { samplesPerPixel: 3, photometricInterpretation: 'RGB', bitsAllocated: 8, bitsStored: 8 })
  const lossless = await decoder.decode(frameBytes(path), pixel, syntax.htj2k)
  t.match(lossless, { width: 640, height: 480, samplesPerPixel: 3 })
  t.equal(lossless.data.length, 640 * 480 * 3)
  const distance = psnr(lossless, await decoder.decode(frameBytes(path.replace('Lossless', '')), pixel, syntax.htj2kLossy))
  t.ok(distance > 35, `${distance.toFixed(1)} dB`)
})

t.test('every lossless encoding gives back what went in, signed and unsigned, 8 to 16 bits', async t => {
  const encodings = [
    [syntax.rle, 'encodeRle', {}],
    [syntax.jpegLosslessFirstOrder, 'encodeJpeg', { lossy: false, predictor: 1 }],
    [syntax.jpegLossless, 'encodeJpeg', { lossy: false, predictor: 6 }],
    [syntax.jpegLs, 'encodeJpegLs', { lossy: false }],
    [syntax.jpeg2000, 'encodeJpeg2000', { lossy: false }],
    [syntax.htj2k, 'encodeHtJpeg2000', { lossy: false }],
    [syntax.htj2kRpcl, 'encodeHtJpeg2000', { lossy: false, progressionOrder: 2 }],
  ] as const
  for (const [bitsStored, signed] of [[12, false], [12, true], [16, false], [16, true]] as const) {
    const [low, high] = signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1]
    const samples = picture(40, 24, low, high)
    const stored = signed ? samples : new Uint16Array(samples.buffer)
    const pixel = pixelOf(40, 24, { bitsStored, signed })
    for (const [uid, method, parameters] of encodings) {
      // JPEG knows no sign: its samples are the bits stored, nothing above (PS3.5 8.2.1)
      const samples = method === 'encodeJpeg' ? Uint16Array.from(stored, value => value & (2 ** bitsStored - 1)) : stored
      const { data } = await decoder.decode(await encodeFrame(samples, pixel, method, parameters), pixel, uid)
      t.strictSame(data, stored, `${uid}, ${bitsStored} bits, ${signed ? 'signed' : 'unsigned'}`)
    }
  }
  const eight = pixelOf(40, 24, { bitsAllocated: 8, bitsStored: 8 })
  const bytes = new Uint8Array(picture(40, 24, 0, 255))
  for (const [uid, method, parameters] of encodings) {
    t.strictSame((await decoder.decode(await encodeFrame(bytes, eight, method, parameters), eight, uid)).data, bytes, `${uid}, 8 bits`)
  }
  const jpeg = await encodeFrame(bytes, eight, 'encodeJpeg', { lossy: true, quality: 95 })
  const baseline = await decoder.decode(jpeg, eight, syntax.jpegBaseline)
  t.ok(psnr({ ...baseline, data: bytes }, baseline) > 30, 'JPEG baseline stays near')
})

t.test('RLE keeps what stands beside the value, and it is dropped as in a native frame', async t => {
  const cells = goodSamples.map((value, i) => value | (i % 3 << 12))
  t.strictSame((await decoder.decode(await encodeFrame(cells, good, 'encodeRle'), good, syntax.rle)).data, goodSamples)
  const left = { ...good, highBit: 15 }
  const shifted = goodSamples.map((value, i) => value << 4 | i % 3)
  t.strictSame((await decoder.decode(await encodeFrame(shifted, good, 'encodeRle'), left, syntax.rle)).data, goodSamples)
})

t.test('every transfer syntax of the table has a decoder, others are named and refused', async t => {
  const pixel = pixelOf(2, 2)
  for (const { uid, name } of transferSyntaxes) {
    const outcome = await decoder.decode(new Uint8Array(8), pixel, uid).then(() => 'decoded', codeOf)
    // zeros are a frame for native encodings and no codestream for the others
    t.equal(outcome, /VR (Little|Big) Endian/.test(name) ? 'decoded' : 'pixel-data-invalid', name)
  }
  await t.rejects(decoder.decode(new Uint8Array(8), pixel, '1.2.840.10008.1.2.4.100'), { code: 'transfer-syntax-unsupported', message: /4\.100/ })
})

const attacked = [
  [syntax.rle, 'encodeRle', {}],
  [syntax.jpegLossless, 'encodeJpeg', { lossy: false }],
  [syntax.jpegLs, 'encodeJpegLs', { lossy: false }],
  [syntax.jpeg2000, 'encodeJpeg2000', { lossy: false }],
  [syntax.htj2k, 'encodeHtJpeg2000', { lossy: false }],
] as const

t.test('after each corrupt frame the next good one decodes right', async t => {
  const next = random(2026)
  for (const [uid, method, parameters] of attacked) {
    const stream = await encodeFrame(goodSamples, good, method, parameters)
    const failures = new Set<string>()
    for (let round = 0; round < 12; round++) {
      const bad = stream.slice()
      // anywhere behind the headers, the end marker kept, so that the guard lets most of them through
      for (let k = 0; k < 6; k++) bad[Math.floor(100 + next() * (bad.length - 104))] = Math.floor(next() * 256)
      const outcome = await decoder.decode(bad, good, uid).then(({ data }) => data.length, codeOf)
      if (typeof outcome === 'string') failures.add(outcome)
      else t.equal(outcome, 1024, 'what decodes has the right length')
      t.strictSame((await decoder.decode(stream, good, uid)).data, goodSamples, `${uid} after round ${round}: ${outcome}`)
    }
    const known = ['pixel-data-invalid', 'pixel-decode-failed', 'pixel-decode-timeout']
    t.strictSame([...failures].filter(code => !known.includes(code)), [], 'every failure has its code')
  }
})

t.test('a JPEG-LS stream cut in the middle, with its end marker put back, is refused', async t => {
  const stream = await encodeFrame(goodSamples, good, 'encodeJpegLs', { lossy: false })
  for (const kept of [0.3, 0.6, 0.9]) {
    const cut = Buffer.concat([stream.subarray(0, Math.floor(stream.length * kept)), Buffer.from([0xff, 0xd9])])
    await t.rejects(decoder.decode(cut, good, syntax.jpegLs), { code: /^pixel-decode-(failed|timeout)$/ })
    t.strictSame((await decoder.decode(stream, good, syntax.jpegLs)).data, goodSamples)
  }
})

t.test('zeros before the end marker of a JPEG-LS stream are skipped with a warning', async t => {
  const stream = await encodeFrame(goodSamples, good, 'encodeJpegLs', { lossy: false })
  const padded = Buffer.concat([stream.subarray(0, stream.length - 2), Buffer.from([0, 0, 0xff, 0xd9])])
  const { data, warnings } = await decoder.decode(padded, good, syntax.jpegLs)
  t.strictSame(data, goodSamples)
  t.match(warnings, [/BitsStored/, /zero bytes before the end marker/])
  const far = Buffer.concat([stream.subarray(0, stream.length - 2), Buffer.alloc(9), Buffer.from([0xff, 0xd9])])
  await t.rejects(decoder.decode(far, good, syntax.jpegLs), { code: 'pixel-decode-failed' }, 'not any number of them')
})

t.test('a frame that takes too long is ended, and the next one gets a new thread', async t => {
  const large = pixelOf(512, 512, { bitsStored: 16 })
  const noise = random(5)
  const slow = await encodeFrame(Uint16Array.from({ length: 512 * 512 }, () => noise() * 65535), large, 'encodeJpeg2000', { lossy: false })
  // far less than this frame needs, on any machine
  const timeoutMs = 1
  const impatient = createDecoder({ workers: 1, timeoutMs })
  t.teardown(async () => { await impatient.close() })
  const expected = { code: 'pixel-decode-timeout', facts: { limitMs: timeoutMs } }
  await t.rejects(impatient.decode(slow, large, syntax.jpeg2000), expected)
  await t.rejects(impatient.decode(slow, large, syntax.jpeg2000), expected, 'a dead thread would answer otherwise')

  const thread = startCodecThread()
  t.teardown(async () => { await thread.stop() })
  const small = { codestream: await encodeFrame(goodSamples, good, 'encodeJpegLs'), pixel: good, family: 'jpeg-ls' } as const
  t.equal((await thread.run(small, 60_000)).bytes.length, 2048)
  t.equal(thread.alive, true)
  await t.rejects(thread.run({ codestream: slow, pixel: large, family: 'jpeg-2000' }, timeoutMs), expected)
  t.equal(thread.alive, false)
  await t.rejects(thread.run(small, 60_000), { code: 'pixel-decode-failed' }, 'the thread says that it is dead')
})

t.test('frames decoded at once come back each to its caller', async t => {
  const two = createDecoder({ workers: 2 })
  t.teardown(async () => { await two.close() })
  const frames = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(async seed => {
    const samples = new Uint16Array(picture(32, 32, 0, 4095, seed))
    return { samples, stream: await encodeFrame(samples, good, 'encodeJpegLs') }
  }))
  const decoded = await Promise.all(frames.map(async ({ stream }) => await two.decode(stream, good, syntax.jpegLs)))
  t.strictSame(decoded.map(({ data }) => data), frames.map(({ samples }) => samples))
})

t.test('the caller keeps its bytes: nothing is transferred away', async t => {
  // more than Node's pool of small buffers, which cannot be transferred
  const large = pixelOf(256, 256)
  const stream = await encodeFrame(new Uint16Array(picture(256, 256, 0, 4095)), large, 'encodeJpegLs')
  const file = Buffer.concat([Buffer.alloc(7), stream])
  t.ok(file.length > 65536)
  await decoder.decode(file.subarray(7), large, syntax.jpegLs)
  t.strictSame(new Uint8Array(file.subarray(7)), stream)
})

t.test('closing interrupts what is under way and what waits', async t => {
  const closing = createDecoder({ workers: 1 })
  const stream = await encodeFrame(goodSamples, good, 'encodeJpegLs')
  const waiting = [closing.decode(stream, good, syntax.jpegLs), closing.decode(stream, good, syntax.jpegLs)]
    .map(async promise => await promise.then(() => 'decoded', codeOf))
  await closing.close()
  t.strictSame(await Promise.all(waiting), ['interrupted', 'interrupted'])
  await t.rejects(closing.decode(stream, good, syntax.jpegLs), { code: 'interrupted' })
  await closing.close()
})

t.test('pictures become JPEG files that decode to what they were', async t => {
  const gray = Uint8Array.from(picture(64, 48, 0, 255))
  const eight = pixelOf(64, 48, { bitsAllocated: 8, bitsStored: 8, highBit: 7 })
  const image = { width: 64, height: 48, data: gray }
  const files = await Promise.all([5, 100].map(async quality => await decoder.encodeJpeg(image, quality)))
  t.ok(files[0]!.length < files[1]!.length)
  for (const file of files) t.strictSame([...file.subarray(0, 3)], [0xff, 0xd8, 0xff])
  const reference = { width: 64, height: 48, samplesPerPixel: 1, data: gray, warnings: [] }
  t.ok(psnr(reference, await decoder.decode(files[1]!, eight, syntax.jpegBaseline)) > 45)
  t.strictSame(image.data, gray, 'the picture is not taken away')
})

t.test('a picture that is none fails, and the next one succeeds', async t => {
  await t.rejects(decoder.encodeJpeg({ width: 8, height: 8, data: new Uint8Array(3) }, 90), { code: 'internal' })
  t.ok((await decoder.encodeJpeg({ width: 1, height: 1, data: Uint8Array.of(9) }, 90)).length > 100)
  const closing = createDecoder({ workers: 1 })
  await closing.close()
  await t.rejects(closing.encodeJpeg({ width: 1, height: 1, data: Uint8Array.of(9) }, 90), { code: 'interrupted' })
})

t.test('a picture becomes a frame of RLE Lossless and back, bit by bit', async t => {
  const decoder = createDecoder({ workers: 1, timeoutMs: 30_000 })
  t.teardown(() => decoder.close())
  for (const samplesPerPixel of [1, 3]) {
    const [width, height] = [13, 7]
    const data = Uint8Array.from({ length: width * height * samplesPerPixel }, (_, i) => i % 40 < 20 ? 5 : (i * 37) % 256)
    const frame = await decoder.encodeRle({ width, height, data })
    t.equal(frame.length % 2, 0)
    const stored = await decoder.decode(frame, {
      rows: height, columns: width, samplesPerPixel, photometricInterpretation: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
      bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false, planarConfiguration: 0, padding: undefined,
    }, '1.2.840.10008.1.2.5')
    t.same([...stored.data], [...data])
  }
  await t.rejects(decoder.encodeRle({ width: 2, height: 2, data: new Uint8Array(3) }), { code: 'internal', message: /width × height/ })
})
