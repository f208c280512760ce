import { closeSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { heatmapMethods } from '../model/finding.ts'
import type { SliceFinding } from '../model/finding.ts'
import { manifestSchema } from '../model/manifest.ts'
import { MapsOnDisk } from './maps-on-disk.ts'
import { writeFileDurably } from './write-file-durably.ts'

/**
 * What the analysis of one series found, kept on disk so that reports can be written (again, after a correction of
 * demographics) without a new inference. One file: a JSON header, then the maps as 16-bit fixed point.
 * It holds UIDs and numbers, no patient attribute.
 */

const mapSchema = z.strictObject({
  method: z.enum(heatmapMethods), width: z.int().positive(), height: z.int().positive(), empty: z.boolean(),
})
const reasonSchema = z.strictObject({ code: z.string(), text: z.string() })
const findingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('classified'), probability: z.number().min(0).max(1), maps: z.array(mapSchema) }),
  z.strictObject({ kind: z.literal('undetermined'), reason: reasonSchema }),
  z.strictObject({ kind: z.literal('failed'), reason: reasonSchema }),
])
const affineSchema = z.strictObject({ a: z.number(), b: z.number(), c: z.number(), d: z.number(), e: z.number(), f: z.number() })

const headerSchema = z.strictObject({
  version: z.literal(1),
  seriesInstanceUid: z.string(),
  /** Why the series was taken or left. */
  reason: z.string(),
  model: z.strictObject({ manifest: manifestSchema, sha256: z.string(), engine: z.string() }),
  /** Empty when the series was left. */
  groups: z.array(z.strictObject({
    contrast: z.enum(['T2', 'FLAIR']),
    complete: z.boolean(),
    notes: z.array(z.string()),
    slices: z.array(z.strictObject({
      sopInstanceUid: z.string(),
      frameNumber: z.int().positive(),
      toSource: affineSchema.optional(),
      finding: findingSchema,
    })),
  })),
  /** Frames that were left out. */
  rejected: z.array(z.strictObject({
    sopInstanceUid: z.string(), frameNumber: z.int().positive(), reason: reasonSchema,
  })).default([]),
})
type Header = z.infer<typeof headerSchema>
/** A findings file without its maps. */
export type FindingsHeader = Omit<Header, 'version'>
type HeaderGroup = Header['groups'][number]
type HeaderFinding = z.infer<typeof findingSchema>

export interface StoredSliceFinding {
  readonly sopInstanceUid: string
  readonly frameNumber: number
  readonly toSource: z.infer<typeof affineSchema> | undefined
  readonly finding: SliceFinding
}

/** The slices of one contrast and one echo. */
export interface StoredGroup extends Omit<HeaderGroup, 'slices'> {
  readonly slices: readonly StoredSliceFinding[]
}

/** The content of a findings file. */
export interface StoredFindings extends Omit<Header, 'version' | 'groups'> {
  readonly groups: readonly StoredGroup[]
}

const magic = Buffer.from('TLF1')

/** Written beside its place, flushed, then renamed: there is never half a file. Maps are read one at a time. */
export async function writeFindings (path: string, findings: StoredFindings): Promise<void> {
  await writeFileDurably(path, piecesOf(findings))
}

function * piecesOf (findings: StoredFindings): Generator<Uint8Array> {
  const header: Header = {
    ...findings,
    version: 1,
    groups: findings.groups.map(group => ({
      ...group,
      slices: group.slices.map(({ toSource, finding, ...slice }) =>
        ({ ...slice, ...(toSource && { toSource }), finding: withoutMaps(finding) })),
    })),
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  yield Buffer.concat([magic, length, json])
  for (const { slices } of findings.groups) {
    for (const { finding } of slices) {
      if (finding.kind === 'classified') for (const { values } of finding.heatmaps) yield fixedPoint(values)
    }
  }
}

/**
 * The values of maps are read when they are asked for, so the file has to stay.
 * @throws AppError `not-found`, `internal` when the file is damaged
 */
export async function readFindings (path: string): Promise<StoredFindings> {
  const { header: { version, ...findings }, end, size } = await readStart(path)
  const maps = new MapsOnDisk((offset, count) => fromFixedPoint(path, offset, count))
  let next = end
  const withMaps = (finding: HeaderFinding): SliceFinding => {
    if (finding.kind !== 'classified') return finding
    const heatmaps = finding.maps.map(map => {
      const offset = next
      next += 2 * map.width * map.height
      return maps.mapAt(offset, map)
    })
    return { kind: finding.kind, probability: finding.probability, heatmaps }
  }
  const groups = findings.groups.map(group => ({
    ...group,
    slices: group.slices.map(({ toSource, finding, ...slice }) => ({ ...slice, toSource, finding: withMaps(finding) })),
  }))
  if (next > size) throw new AppError('internal', 'a findings file is cut short')
  return { ...findings, groups }
}

/** The same without the maps. @throws as `readFindings` */
export async function readFindingsHeader (path: string): Promise<FindingsHeader> {
  return (await readStart(path)).header
}

/** The header, the place where it ends, and the size of the whole file. */
async function readStart (path: string): Promise<{ readonly header: Header, readonly end: number, readonly size: number }> {
  const file = await open(path).catch((cause: unknown) => {
    throw new AppError('not-found', 'the findings of a series are missing', {}, { cause })
  })
  try {
    const start = Buffer.alloc(8)
    await file.read(start, 0, 8, 0)
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(start.readUInt32LE(4), size))
    await file.read(bytes, 0, bytes.length, 8)
    return { header: parseHeader(start, bytes), end: 8 + bytes.length, size }
  } finally {
    await file.close()
  }
}

function withoutMaps (finding: SliceFinding): HeaderFinding {
  if (finding.kind !== 'classified') return finding
  return {
    kind: finding.kind,
    probability: finding.probability,
    maps: finding.heatmaps.map(({ method, width, height, empty }) => ({ method, width, height, empty })),
  }
}

/** 0..1 as 0..65535. */
function fixedPoint (values: Float32Array): Uint8Array {
  const fixed = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) fixed[i] = Math.round(values[i]! * 65535)
  return new Uint8Array(fixed.buffer)
}

function fromFixedPoint (path: string, offset: number, count: number): Float32Array {
  const fixed = new Uint16Array(count)
  const file = openSync(path, 'r')
  try {
    if (readSync(file, fixed, 0, fixed.byteLength, offset) < fixed.byteLength) throw new AppError('internal', 'a findings file is cut short')
  } finally {
    closeSync(file)
  }
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = fixed[i]! / 65535
  return values
}

function parseHeader (start: Buffer, json: Buffer): Header {
  try {
    if (!start.subarray(0, 4).equals(magic)) throw new Error('wrong magic')
    return headerSchema.parse(JSON.parse(json.toString('utf8')))
  } catch (cause) {
    throw new AppError('internal', 'a findings file cannot be read', {}, { cause })
  }
}
