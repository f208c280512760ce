import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError, toAppError } from '../errors.ts'
import { decodePicture } from '../imaging/decode-picture.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import type { GrayImage } from '../imaging/raster.ts'

export type SetName = 'train' | 'validation' | 'test'

/** One row of the CSV: a slice, a volume, or a folder that is a series. */
export interface LabelledFile {
  /** as the CSV has it */
  readonly file: string
  /** absolute */
  readonly path: string
  readonly patient: string
  readonly label: 0 | 1
  /** absolute path: a picture of the same size, white where the tuber is; of a volume a volume; of a folder a folder */
  readonly mask: string | undefined
  readonly contrast: string | undefined
  /** names the series that pictures belong to, within their patient */
  readonly series: string | undefined
  readonly vendor: string | undefined
  readonly set: SetName | undefined
}

/**
 * Reads a CSV with a header line: `file,patient,label` and optionally `mask`, `contrast`, `series`, `vendor`, `set`, in any order;
 * paths are relative to the CSV. Fields may stand in double quotes.
 * @throws AppError `training-data-invalid` with the line
 */
export async function readLabelledSet (csv: string): Promise<LabelledFile[]> {
  const lines = (await readText(csv)).replace(/^\uFEFF/, '').split(/\r?\n/).filter(line => line.trim() !== '')
  const header = fields(lines[0] ?? '').map(name => name.trim().toLowerCase())
  for (const name of ['file', 'patient', 'label']) {
    if (!header.includes(name)) throw new AppError('training-data-invalid', `the CSV has no column "${name}"`)
  }
  const folder = dirname(resolve(csv))
  const files = lines.slice(1).map((line, i): LabelledFile => {
    const values = fields(line)
    const value = (name: string): string | undefined => {
      const text = values[header.indexOf(name)]?.trim()
      return text === '' ? undefined : text
    }
    const fail = (why: string): AppError => new AppError('training-data-invalid', `line ${i + 2} of the CSV: ${why}`, { line: i + 2 })
    const [file, patient, label, set] = [value('file'), value('patient'), value('label'), value('set')]
    if (file === undefined || patient === undefined) throw fail('file and patient must not be empty')
    if (label !== '0' && label !== '1') throw fail('label must be 0 or 1')
    if (set !== undefined && set !== 'train' && set !== 'validation' && set !== 'test') throw fail('set is train, validation or test')
    const mask = value('mask')
    return {
      file,
      path: resolve(folder, file),
      patient,
      label: label === '1' ? 1 : 0,
      contrast: value('contrast'),
      series: value('series'),
      vendor: value('vendor'),
      set,
      mask: mask === undefined ? undefined : resolve(folder, mask),
    }
  })
  if (files.length === 0) throw new AppError('training-data-invalid', 'the CSV lists no file')
  checkPatientWise(files)
  return files
}

/** @throws AppError `training-data-invalid` where a patient stands in two sets: figures would be flattered */
export function checkPatientWise (files: readonly { patient: string, set: SetName | undefined }[]): void {
  const sets = new Map<string, SetName>()
  for (const { patient, set } of files) {
    if (set === undefined) continue
    const known = sets.get(patient)
    if (known !== undefined && known !== set) {
      throw new AppError('training-data-invalid', `a patient stands in two sets, ${known} and ${set}; split by patient`, { sets: `${known}, ${set}` })
    }
    sets.set(patient, set)
  }
}

/** @throws AppError `training-data-invalid` where a patient is both trained on and validated on, or named and unknown */
export function splitPatients (known: readonly string[], validation: readonly string[], leftOut: readonly string[]): string[] {
  for (const name of [...validation, ...leftOut]) {
    if (!known.includes(name)) throw new AppError('training-data-invalid', 'a patient named for validation or to be left out is not in the data')
  }
  const both = validation.find(name => leftOut.includes(name))
  if (both !== undefined) throw new AppError('training-data-invalid', 'a patient is named both for validation and to be left out')
  const training = known.filter(name => !validation.includes(name) && !leftOut.includes(name))
  if (training.length === 0) throw new AppError('training-data-invalid', 'no patient is left to train on')
  return training
}

/** Reads a JPG or PNG as grey. @throws AppError `input-unreadable`, and as `decodePicture` */
export async function readPicture (path: string, decoder: Pick<Decoder, 'decode'>): Promise<GrayImage> {
  return await decodePicture(await readBytes(path), decoder)
}

function fields (line: string): string[] {
  const out: string[] = []
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) out.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  return out
}

async function readText (path: string): Promise<string> {
  return Buffer.from(await readBytes(path)).toString('utf8')
}

async function readBytes (path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', 'a file of the labelled set cannot be read')
  }
}
