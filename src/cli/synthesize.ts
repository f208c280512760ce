import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { encodePng } from '../imaging/png.ts'
import { readCanvases } from '../training/canvas.ts'
import { contactSheet } from '../training/contact-sheet.ts'
import type { SheetPicture } from '../training/contact-sheet.ts'
import { difficulties } from '../training/slice-picture.ts'
import { Synthesizer } from '../training/synthesizer.ts'
import { readLabelMaps } from '../training/tissue-volume.ts'
import { toRaster } from '../training/training-batch.ts'
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
  --count N (100)  --seed N (1)
  --contact-sheet FILE   a PNG of the first slices, tubers outlined
`

const sheetColumns = 8
const sheetPictures = 48

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
      count: { type: 'string' },
      seed: { type: 'string' },
      'contact-sheet': { type: 'string' },
    },
  }))
  const { 'label-maps': labelMaps, canvases, out, difficulty, 'contact-sheet': sheetFile } = values
  if (out === undefined) throw new AppError('usage', 'synthesize needs --out DIR')
  if (labelMaps === undefined && canvases === undefined) throw new AppError('usage', 'synthesize needs --label-maps or --canvases')
  if (!Object.hasOwn(difficulties, difficulty)) throw new AppError('usage', `--difficulty is one of ${Object.keys(difficulties).join(', ')}`)
  const count = Math.round(numberOption('count', values.count, { min: 1, max: 1e7 }) ?? 100)
  const share = numberOption('canvas-share', values['canvas-share'], { min: 0, max: 1 })
  const patients = values.patients?.split(',')
  const wanted = (patient: string): boolean => patients?.includes(patient) ?? true
  const synthesizer = new Synthesizer({
    labelMaps: labelMaps === undefined ? [] : await readLabelMaps(labelMaps, wanted),
    canvases: canvases === undefined ? [] : await readCanvases(canvases, wanted),
    seed: Math.round(numberOption('seed', values.seed, { min: 0, max: 2 ** 31 }) ?? 1),
    difficulty: difficulties[difficulty as keyof typeof difficulties],
    ...share === undefined ? {} : { canvasShare: share },
  })
  await mkdir(out, { recursive: true })
  const rows = ['file,patient,label,mask,contrast']
  const sheet: SheetPicture[] = []
  const progress = new Progress(io)
  for (let i = 0; i < count; i++) {
    if (io.signal.aborted) throw new AppError('interrupted', 'stopped')
    const slice = synthesizer.draw(i)
    // the windowed channel of what a network would be given
    const data = toRaster(slice, { ...defaultPreprocessing, channels: 'equal' }).data.filter((_, at) => at % 3 === 0)
    const name = `slice-${String(i + 1).padStart(String(count).length, '0')}`
    await writePicture(join(out, `${name}.png`), slice.size, data)
    if (slice.label === 1) await writePicture(join(out, `${name}-mask.png`), slice.size, slice.mask)
    rows.push([`${name}.png`, slice.patient, slice.label, slice.label === 1 ? `${name}-mask.png` : '', slice.contrast].join(','))
    if (sheet.length < sheetPictures) sheet.push({ size: slice.size, data, mask: slice.mask, label: slice.label })
    progress.update('drawing', i + 1, count)
  }
  progress.end()
  await writeFile(join(out, 'labels.csv'), `${rows.join('\n')}\n`)
  if (sheetFile !== undefined) await writeFile(sheetFile, contactSheet(sheet, sheetColumns))
  io.stdout.write(`${count} slices written to ${out}\n`)
  return exitCodes.ok.code
}

async function writePicture (path: string, size: number, data: Float32Array): Promise<void> {
  const grey = Uint8Array.from(data, value => Math.round(255 * Math.min(1, Math.max(0, value))))
  await writeFile(path, encodePng({ width: size, height: size, data: grey }))
}
