/**
 * Milliseconds to decode a slice, per transfer syntax (of the deflated one: to read it as well, as that is what inflates), against
 * pydicom with the fastest of its plugins (GDCM, libjpeg, OpenJPEG, CharLS, Pillow, RLE in Rust): one slice after the other on both
 * sides, medians, warm. The same slices of 256², 512² and 1024², 12 bits in 16; the stored values of both sides are compared.
 *
 *   node --import=@tapjs/typescript/import bench/decoding.ts [--json FILE]     (installs Python packages in .cache/bench-python)
 *
 * Where pydicom is ahead, in JPEG 2000, 8-bit JPEG and irreversible HTJ2K, and by a little in JPEG-LS, its plugins are C++ compiled for
 * the processor (OpenJPEG, libjpeg-turbo with its vector code, CharLS); tuberlens runs such libraries as WebAssembly, in a thread that
 * can be ended, so that a codestream that is made to do harm costs one frame and not the process. Native frames of more than 512² cost a look at every cell:
 * tuberlens drops bits above BitsStored, pydicom gives the cells as they are.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readInstance } from '../src/dicom/read-instance.ts'
import { slicesOf } from '../src/dicom/slices.ts'
import { transferSyntaxes } from '../src/dicom/transfer-syntaxes.ts'
import { createDecoder } from '../src/imaging/decoder-pool.ts'
import type { Decoder } from '../src/imaging/decoder-pool.ts'
import type { StoredPixels } from '../src/imaging/stored-pixels.ts'
import { encodedSlices } from './support/encoded-slices.ts'
import type { EncodedSlice } from './support/encoded-slices.ts'
import { median, report } from './support/outcome.ts'
import type { Comparison } from './support/outcome.ts'
import { runPython } from './support/python.ts'

const sizes = [256, 512, 1024]
/** The size whose ratios are reported. */
const reported = 512
/** Each side takes its turn this often; the better turn counts, so that what else the machine did falls out. */
const turns = 2
const milliseconds = 80

/** file → plugin → its median time and what it decoded */
type Measured = Record<string, Record<string, { readonly ms: number, readonly sha256: string }>>

async function decodeAll (slices: readonly EncodedSlice[], decoder: Decoder): Promise<Measured> {
  const measured: Measured = {}
  for (const { path, syntax } of slices) {
    const bytes = readFileSync(path)
    const read = () => slicesOf(readInstance(bytes))[0]!
    const slice = read()
    // a deflated file is inflated when it is read
    const once = async () => await decoder.decodeSlice(syntax.deflated ? read() : slice)
    const sha256 = digest(await once())
    const times: number[] = []
    const end = performance.now() + milliseconds
    while (times.length < 3 || performance.now() < end) {
      const start = performance.now()
      await once()
      times.push(performance.now() - start)
    }
    measured[path] = { tuberlens: { ms: median(times), sha256 } }
  }
  return measured
}

function digest ({ data }: StoredPixels): string {
  return createHash('sha256').update(new Uint8Array(Int32Array.from(data).buffer)).digest('hex')
}

const folder = mkdtempSync(join(tmpdir(), 'tuberlens-bench-'))
const decoder = createDecoder({ workers: 1 })
try {
  const slices = await encodedSlices(folder, sizes)
  const paths = slices.map(({ path }) => path)
  const measured: Measured[] = []
  for (let turn = 0; turn < turns; turn++) {
    measured.push(runPython('decode_job.py', ['--milliseconds', String(milliseconds)], paths) as Measured)
    measured.push(await decodeAll(slices, decoder))
  }
  const comparisons: Comparison[] = []
  const skipped = transferSyntaxes.filter(({ uid }) => !slices.some(({ syntax }) => syntax.uid === uid))
    .map(({ name }) => `${name}: dcmtk, which would encode it, is not installed`)
  for (const { path, syntax, size } of slices) {
    const all = measured.flatMap(one => Object.entries(one[path] ?? {}))
    const ours = all.filter(([name]) => name === 'tuberlens').map(([, result]) => result)
    const theirs = all.filter(([name]) => name !== 'tuberlens').sort(([, a], [, b]) => a.ms - b.ms)
    const [fastest] = theirs
    if (fastest === undefined) {
      if (size === reported) skipped.push(`${syntax.name}: pydicom does not decode it`)
      continue
    }
    const same = new Set([...ours, ...theirs.map(([, result]) => result)].map(({ sha256 }) => sha256)).size === 1
    if (!same && !syntax.lossy) throw new Error(`the decoders differ on ${syntax.name}: ${theirs.map(([name, { sha256 }]) => `${name} ${sha256.slice(0, 6)}`).join()}`)
    const tuberlens = Math.min(...ours.map(({ ms }) => ms))
    const comparison = {
      what: `${syntax.name}, ${size} × ${size}`,
      unit: 'ms',
      tuberlens,
      other: fastest[1].ms,
      otherName: `pydicom with ${fastest[0]}`,
      ratio: fastest[1].ms / tuberlens,
      aim: 1,
    }
    if (size === reported) comparisons.push(comparison)
    else process.stdout.write(`${comparison.what}: ${tuberlens.toFixed(2)} ms, ${comparison.otherName} ${comparison.other.toFixed(2)} ms, ratio ${comparison.ratio.toFixed(2)}\n`)
  }
  await report({ benchmark: 'decoding', claim: 'Decoding one slice, against pydicom with its fastest plugin', comparisons, skipped })
} finally {
  await decoder.close()
  rmSync(folder, { recursive: true, force: true })
}
