import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Archive, CommitOutcome, IgnoreReason, ReceivedInstance } from '../../src/archive/archive.ts'
import { pixelDigest } from '../../src/archive/instance-header.ts'
import { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'

interface Owner { teardown: (body: () => unknown) => void }

/** A clock that stands still until told. */
export class Clock {
  at = Date.UTC(2026, 0, 1)
  readonly now = (): number => this.at
  pass (ms: number): void { this.at += ms }
}

export function temporaryFolder (t: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-archive-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

export async function openArchive (t: Owner, clock = new Clock(), dataDir = temporaryFolder(t)): Promise<SqliteArchive> {
  const archive = await SqliteArchive.open({ dataDir, reserveBytes: 1, now: clock.now })
  t.teardown(async () => { await archive.close() })
  return archive
}

export interface SliceIdentity { readonly study?: string, readonly series?: string, readonly index?: number }

/** A classic MR slice of 4×4 pixels, as a Part 10 file; `pixel` is its first value. */
export function mrFile ({ study = 'study', series = 'series', index = 0 }: SliceIdentity = {}, changes: Dataset = {}, pixel = index): Uint8Array {
  const pixels = new Uint16Array(16).fill(100)
  pixels[0] = pixel
  return encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    SOPInstanceUID: uidFromName(`${series} ${index}`),
    StudyInstanceUID: uidFromName(study),
    SeriesInstanceUID: uidFromName(series),
    StudyDate: '20260102',
    StudyTime: '101112',
    StudyID: 'S1',
    AccessionNumber: 'A1',
    Modality: 'MR',
    PatientName: { Alphabetic: 'Doe^Jane', Ideographic: '杜^珍' },
    PatientID: 'P1',
    PatientSex: 'F',
    SeriesNumber: 4,
    SeriesDescription: 'AX FLAIR',
    ImageType: ['ORIGINAL', 'PRIMARY', 'OTHER'],
    InstanceNumber: index + 1,
    ImagePositionPatient: [0, 0, index * 5],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: 4,
    Columns: 4,
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    PixelData: [pixels.buffer],
    ...changes,
  })
}

/** Stages and reads a file as the store route does. */
export async function received (archive: Pick<Archive, 'stage'>, bytes: Uint8Array, ignored?: IgnoreReason): Promise<ReceivedInstance> {
  const staging = await archive.stage()
  await pipeline(Readable.from([Buffer.from(bytes)]), staging.writable)
  const file = await staging.seal()
  const instance = await readInstanceFile(file.path)
  return { instance, file, pixelDigest: await pixelDigest(instance), ignored }
}

/** Stages, reads and commits files, all in one batch. */
export async function store (archive: Pick<Archive, 'stage' | 'commit'>, ...files: readonly Uint8Array[]): Promise<CommitOutcome[]> {
  const batch: ReceivedInstance[] = []
  for (const bytes of files) batch.push(await received(archive, bytes))
  return await archive.commit(batch)
}
