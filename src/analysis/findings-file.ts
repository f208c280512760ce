import { open, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { heatmapMethods } from '../model/finding.ts'
import type { SliceFinding } from '../model/finding.ts'
import { manifestSchema } from '../model/manifest.ts'
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

/** Written beside its place, flushed, then renamed: there is never half a file. */
export async function writeFindings (path: string, findings: StoredFindings): Promise<void> {
  const maps: Buffer[] = []
  const header: Header = {
    ...findings,
    version: 1,
    groups: findings.groups.map(group => ({
      ...group,
      slices: group.slices.map(({ toSource, finding, ...slice }) =>
        ({ ...slice, ...(toSource && { toSource }), finding: withoutMaps(finding, maps) })),
    })),
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  await writeFileDurably(path, Buffer.concat([magic, length, json, ...maps]))
}

/** @throws AppError `not-found`, `internal` when the file is damaged */
export async function readFindings (path: string): Promise<StoredFindings> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('not-found', 'the findings of a series are missing', {}, { cause })
  })
  const { seriesInstanceUid, reason, model, groups, rejected } = parseHeader(bytes)
  const cursor = { bytes, at: 8 + bytes.readUInt32LE(4) }
  return {
    seriesInstanceUid,
    reason,
    model,
    rejected,
    groups: groups.map(group => ({
      ...group,
      slices: group.slices.map(({ toSource, finding, ...slice }) => ({ ...slice, toSource, finding: withMaps(finding, cursor) })),
    })),
  }
}

/** The same without the maps, which are not read. @throws as `readFindings` */
export async function readFindingsHeader (path: string): Promise<FindingsHeader> {
  const file = await open(path).catch((cause: unknown) => {
    throw new AppError('not-found', 'the findings of a series are missing', {}, { cause })
  })
  try {
    const start = Buffer.alloc(8)
    await file.read(start, 0, 8, 0)
    const { size } = await file.stat()
    const header = Buffer.alloc(Math.min(start.readUInt32LE(4), size))
    await file.read(header, 0, header.length, 8)
    return parseHeader(Buffer.concat([start, header]))
  } finally {
    await file.close()
  }
}

/** Moves the maps of a finding to the list that follows the header, 0..1 as 0..65535. */
function withoutMaps (finding: SliceFinding, maps: Buffer[]): HeaderFinding {
  if (finding.kind !== 'classified') return finding
  for (const { values } of finding.heatmaps) maps.push(Buffer.from(Uint16Array.from(values, v => Math.round(v * 65535)).buffer))
  return {
    kind: finding.kind,
    probability: finding.probability,
    maps: finding.heatmaps.map(({ method, width, height, empty }) => ({ method, width, height, empty })),
  }
}

function withMaps (finding: HeaderFinding, cursor: { readonly bytes: Buffer, at: number }): SliceFinding {
  if (finding.kind !== 'classified') return finding
  const heatmaps = finding.maps.map(map => {
    const end = cursor.at + map.width * map.height * 2
    if (end > cursor.bytes.length) throw new AppError('internal', 'a findings file is cut short')
    const fixed = new Uint16Array(new Uint8Array(cursor.bytes.subarray(cursor.at, end)).buffer)
    cursor.at = end
    return { ...map, values: Float32Array.from(fixed, v => v / 65535) }
  })
  return { kind: finding.kind, probability: finding.probability, heatmaps }
}

function parseHeader (bytes: Buffer): Header {
  try {
    if (!bytes.subarray(0, 4).equals(magic)) throw new Error('wrong magic')
    return headerSchema.parse(JSON.parse(bytes.subarray(8, 8 + bytes.readUInt32LE(4)).toString('utf8')))
  } catch (cause) {
    throw new AppError('internal', 'a findings file cannot be read', {}, { cause })
  }
}
