import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { AppError } from '../../src/errors.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import type { Series } from '../../src/dicom/series.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { selectSeries } from '../../src/selection/select-series.ts'

/**
 * What is right for every series under mr-dicom, decided by hand from its header as pydicom prints it:
 * instances and frames, then the contrast, or the code of the reason.
 */
const expected: Readonly<Record<string, readonly string[]>> = {
  'canon-enhanced-and-classic/cl': ['6/6 echo-planar'], // SE\EP, b = 0 only
  'canon-enhanced-and-classic/enh': ['1/520 diffusion'],
  'enhanced-mr-small': ['1/10 orientation-missing', '2/2 not-axial'], // no plane at all (and T1); T1 sagittal
  'ge-pd-axial': ['1/1 proton-density'],
  'ge-pd-axial/volume': ['20/20 proton-density'], // ORIGINAL\PRIMARY\MPR is a plain slice of an old GE
  'nema-wg04': ['1/1 T2', '1/1 stir', '7/7 T2', '7/7 stir'], // MR1 and MR4; RLE came with UIDs of its own
  'philips-flair-axial': ['22/22 FLAIR'],
  'philips-t2star-epi': ['22/22 gradient-echo'], // described as T2W
  'siemens-mosaic-9-syntaxes': ['9/9 mosaic'],
  't1-axial-sparse-headers': ['16/16 t1'], // by its text: there is no TR, no TE
  'vendor-headers-noise-pixels/failing/gantrytilting/001': ['1/1 not-mr'],
  'vendor-headers-noise-pixels/failing/notavolume/001': ['1/1 not-mr'],
  'vendor-headers-noise-pixels/failing/slicecount/001': ['2/2 not-axial'],
  'vendor-headers-noise-pixels/failing/sliceincrement/001': ['1/1 not-mr'],
  'vendor-headers-noise-pixels/failing/sliceorientation/001': ['4/4 T2'], // two axial, two sagittal
  'vendor-headers-noise-pixels/ge/anatomical/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/ge/anatomical/001_implicit': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/ge/anatomical/001_single_slice': ['1/1 not-axial'],
  'vendor-headers-noise-pixels/ge/dti/001': ['2/2 diffusion'], // b-value in a private element
  'vendor-headers-noise-pixels/ge/dti/001_implicit': ['2/2 diffusion'],
  'vendor-headers-noise-pixels/ge/dti/002': ['2/2 not-axial'], // coronal echo-planar
  'vendor-headers-noise-pixels/ge/fmri/001': ['2/2 echo-planar'],
  'vendor-headers-noise-pixels/ge/fmri/001_implicit': ['2/2 echo-planar'],
  'vendor-headers-noise-pixels/generic/anatomical/001': ['4/4 not-axial'], // 3D FLAIR, sagittal
  'vendor-headers-noise-pixels/generic/anatomical/001_implicit': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/anatomical/002_non_isotropic': ['4/4 t1'],
  'vendor-headers-noise-pixels/generic/compressed/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/compressed_j2k/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/compressed_jpeg/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/compressed_jpegls/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/compressed_rle/001': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/generic/rgb/001': ['4/4 sop-class'],
  'vendor-headers-noise-pixels/hyperfine/anatomical/001': ['1/8 FLAIR'], // axial, 3D, FLUID_ATTENUATED
  'vendor-headers-noise-pixels/philips/anatomical/001': ['4/4 not-axial'], // FLAIR, coronal, with DiffusionBValue 0
  'vendor-headers-noise-pixels/philips/anatomical/001_implicit': ['4/4 not-axial'],
  'vendor-headers-noise-pixels/philips/anatomical/002': ['2/2 susceptibility'],
  'vendor-headers-noise-pixels/philips/dti/001': ['2/2 diffusion'], // SE, TE 123, no word: only the b-value tells
  'vendor-headers-noise-pixels/philips/dti/001_implicit': ['2/2 diffusion'],
  'vendor-headers-noise-pixels/philips/dti/002': ['2/2 diffusion'],
  'vendor-headers-noise-pixels/philips/fmri/001': ['2/2 gradient-echo'],
  'vendor-headers-noise-pixels/philips/fmri/001_implicit': ['2/2 gradient-echo'],
  'vendor-headers-noise-pixels/philips_enhanced/anatomical/001': ['1/8 not-axial'],
  'vendor-headers-noise-pixels/philips_enhanced/anatomical/001_implicit': ['1/8 not-axial'],
  'vendor-headers-noise-pixels/philips_enhanced/dti/001': ['1/32 diffusion'],
  'vendor-headers-noise-pixels/philips_enhanced/dti/001_implicit': ['1/32 diffusion'],
  'vendor-headers-noise-pixels/philips_enhanced/fmri/001': ['1/32 gradient-echo'], // AcquisitionContrast T2
  'vendor-headers-noise-pixels/philips_enhanced/fmri/001_implicit': ['1/32 gradient-echo'],
}

/** Files that are no series: a licence, captures without Series Instance UID, a file that ends too early. */
const unreadable: Readonly<Record<string, string>> = {
  UPSTREAM_LICENSE: 'not-dicom',
  UPSTREAM_COPYING: 'not-dicom',
  'HTJ2KLossless_08_RGB.dcm': 'uid-invalid',
  'HTJ2K_08_RGB.dcm': 'uid-invalid',
  'JLSL_16_15_1_1F.dcm': 'uid-invalid',
  'emri_small_jpeg_2k_lossless_too_short.dcm': 'dicom-truncated',
}

async function seriesIn (folder: string): Promise<{ series: Series[], refused: Record<string, string> }> {
  const instances: Instance[] = []
  const refused: Record<string, string> = {}
  for (const entry of readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())) {
    try {
      instances.push(await readInstanceFile(join(folder, entry.name)))
    } catch (thrown) {
      refused[entry.name] = thrown instanceof AppError ? thrown.code : String(thrown)
    }
  }
  return { series: groupBySeries(instances), refused }
}

async function oneSeries (path: string) {
  const { series } = await seriesIn(path)
  return selectSeries(series[0]!)
}

t.test('every series of the shared data gets the verdict that its header deserves', async t => {
  const root = dataPath(t, 'mr-dicom')
  if (root === undefined) return
  const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1)).sort()
  const seen: string[] = []
  for (const folder of folders) {
    const { series, refused } = await seriesIn(join(root, folder))
    for (const [name, code] of Object.entries(refused)) t.equal(code, unreadable[name], `${folder}/${name}`)
    if (series.length === 0) continue
    seen.push(folder)
    const found = series.map(one => {
      const { contrast, reason } = selectSeries(one)
      return `${one.instances.length}/${one.slices.length} ${contrast ?? reason.code}`
    })
    t.strictSame(found.sort(), expected[folder], folder)
  }
  t.strictSame(seen, Object.keys(expected).sort(), 'the table names every folder that holds a series')
})

t.test('the Philips FLAIR is one complete group of 22 slices from feet to head', async t => {
  const path = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (path === undefined) return
  const { groups, rejected, notes } = await oneSeries(path)
  t.strictSame(groups.map(group => [group.contrast, group.slices.length, group.completeness.complete]), [['FLAIR', 22, true]])
  const heights = groups[0]!.slices.map(slice => slice.plane!.position[2])
  t.strictSame(heights, [...heights].sort((a, b) => a - b))
  t.equal(groups[0]!.completeness.spacing?.toFixed(2), '6.00', 'SpacingBetweenSlices of the header')
  t.strictSame(rejected, [])
  t.strictSame(notes, [])
})

t.test('the echo-planar series called T2W shows its text in the evidence', async t => {
  const path = dataPath(t, 'mr-dicom/philips-t2star-epi')
  if (path === undefined) return
  const { evidence } = await oneSeries(path)
  t.ok(evidence.some(one => one.attribute === 'SeriesDescription' && one.freeText && one.value === 'T2W/FE-EPI'))
})

t.test('of the mixed Philips T2 the two axial slices are taken and the two sagittal ones named', async t => {
  const path = dataPath(t, 'mr-dicom/vendor-headers-noise-pixels/failing/sliceorientation/001')
  if (path === undefined) return
  const { groups, rejected } = await oneSeries(path)
  t.equal(groups[0]?.slices.length, 2)
  t.match(rejected.map(one => one.reason.text), [/sagittal/, /sagittal/])
})
