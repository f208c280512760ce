import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { contactSheet } from '../training/contact-sheet.ts'
import type { SheetPicture } from '../training/contact-sheet.ts'
import { drawingThreads } from '../training/drawing-threads.ts'
import type { SliceFiles } from '../training/slice-files.ts'
import { difficulties } from '../training/slice-picture.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { numberOption, parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { defaultPreprocessing } from './train.ts'

export const help = `Usage: tuberlens synthesize (--label-maps DIR | --canvases DIR) --out DIR [OPTIONS]

Makes axial T2 and FLAIR slices with and without tubers: windowed PNG pictures, masks, and labels.csv, which train
and evaluate read.

  --label-maps DIR       anatomical label maps (NIfTI, FreeSurfer's numbers, 1 mm)
  --canvases DIR         real tuber-free volumes, DIR/<patient>/<study>_FLAIR.nii.gz and _T2W.nii.gz
  --canvas-share SHARE   of the slices drawn on canvases, where both are given (0.6)
  --patients NAMES       only these, separated by commas
  --difficulty NAME      mixed, easy, moderate or subtle (mixed)
  --pairs                of canvases: each slice as it was acquired, and next with tubers; labels.csv numbers the pairs
  --count N (100)  --seed N (1)
  --threads N            that draw; each reads the data for itself (1, from 1,000 slices on one for each core)
  --contact-sheet FILE   a PNG of the first slices, tubers outlined
`

const sheetColumns = 8
const sheetPictures = 48
/** Slices from which on it pays that every core reads the data. */
const worthThreads = 1000

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({
    args,
    options: {
      'label-maps': { type: 'string' },
      canvases: { type: 'string' },
      'canvas-share': { type: 'string' },
      patients: { type: 'string' },
      difficulty: { type: 'string', default: 'mixed' },
      out: { type: 'string' },
      pairs: { type: 'boolean', default: false },
      count: { type: 'string' },
      seed: { type: 'string' },
      threads: { type: 'string' },
      'contact-sheet': { type: 'string' },
    },
  }))
  const { 'label-maps': labelMaps, canvases, out, difficulty, 'contact-sheet': sheetFile } = values
  if (out === undefined) throw new AppError('usage', 'synthesize needs --out DIR')
  if (labelMaps === undefined && canvases === undefined) throw new AppError('usage', 'synthesize needs --label-maps or --canvases')
  if (values.pairs && (canvases === undefined || labelMaps !== undefined)) throw new AppError('usage', '--pairs needs --canvases, alone')
  if (!Object.hasOwn(difficulties, difficulty)) throw new AppError('usage', `--difficulty is one of ${Object.keys(difficulties).join(', ')}`)
  const count = Math.round(numberOption('count', values.count, { min: 1, max: 1e7 }) ?? 100)
  const share = numberOption('canvas-share', values['canvas-share'], { min: 0, max: 1 })
  const threads = Math.round(numberOption('threads', values.threads, { min: 1, max: 64 }) ?? (count < worthThreads ? 1 : availableParallelism()))
  const drawings = drawingThreads<SliceFiles>({
    draw: 'files',
    batchSize: 1,
    varied: false,
    pairs: values.pairs,
    preprocessing: defaultPreprocessing,
    seed: Math.round(numberOption('seed', values.seed, { min: 0, max: 2 ** 31 }) ?? 1),
    difficulty: difficulty as keyof typeof difficulties,
    ...labelMaps === undefined ? {} : { labelMaps },
    ...canvases === undefined ? {} : { canvases },
    ...values.patients === undefined ? {} : { patients: values.patients.split(',') },
    ...share === undefined ? {} : { canvasShare: share },
  }, threads, 4 * threads, count)
  await mkdir(out, { recursive: true })
  const rows = [`file,patient,label,mask,contrast${values.pairs ? ',pair' : ''}`]
  const sheet: SheetPicture[] = []
  const progress = new Progress(io)
  try {
    for (let i = 0; i < count; i++) {
      if (io.signal.aborted) throw new AppError('interrupted', 'stopped')
      const { size, label, patient, contrast, file, maskFile, picture, mask } = await drawings.get(i)
      const name = `slice-${String(i + 1).padStart(String(count).length, '0')}`
      await writeFile(join(out, `${name}.png`), file)
      if (maskFile !== undefined) await writeFile(join(out, `${name}-mask.png`), maskFile)
      const row = [`${name}.png`, patient, label, label === 1 ? `${name}-mask.png` : '', contrast]
      rows.push([...row, ...values.pairs ? [Math.floor(i / 2) + 1] : []].join(','))
      if (sheet.length < sheetPictures) sheet.push({ size, data: unit(picture), mask: unit(mask), label })
      progress.update('drawing', i + 1, count)
    }
  } finally {
    await drawings.close()
  }
  progress.end()
  await writeFile(join(out, 'labels.csv'), `${rows.join('\n')}\n`)
  if (sheetFile !== undefined) await writeFile(sheetFile, contactSheet(sheet, sheetColumns))
  io.stdout.write(`${count} slices written to ${out}\n`)
  return exitCodes.ok.code
}

function unit (values: Uint8Array): Float32Array {
  return Float32Array.from(values, value => value / 255)
}
