import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { parseNifti, readNiftiFile } from '../../src/training/nifti.ts'
import { toAxial } from '../../src/training/volume.ts'

interface Fields { little?: boolean, datatype?: number, bytesPerVoxel?: number, slope?: number, intercept?: number, sform?: boolean, qfac?: number }

/** A 2×3×2 volume with the voxel numbers 0…11, laid out by hand after nifti1.h. */
function file ({ little = true, datatype = 4, bytesPerVoxel = 2, slope = 0, intercept = 0, sform = true, qfac = 1 }: Fields = {}): Uint8Array {
  const bytes = new Uint8Array(352 + 12 * bytesPerVoxel)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, little)
  ;[3, 2, 3, 2, 1].forEach((value, i) => view.setInt16(40 + 2 * i, value, little))
  view.setInt16(70, datatype, little)
  ;[qfac, 0.5, 2, 4].forEach((value, i) => view.setFloat32(76 + 4 * i, value, little))
  view.setFloat32(108, 352, little)
  view.setFloat32(112, slope, little)
  view.setFloat32(116, intercept, little)
  view.setInt16(254, sform ? 1 : 0, little)
  view.setInt16(252, 1, little)
  // LIA, as the label maps: i to the left, j to the feet, k to the front
  ;[-0.5, 0, 0, 10, 0, 0, 4, 20, 0, -2, 0, 30].forEach((value, i) => view.setFloat32(280 + 4 * i, value, little))
  // half a turn about x, as a quaternion: (a, b, c, d) = (0, 1, 0, 0)
  ;[1, 0, 0, 7, 8, 9].forEach((value, i) => view.setFloat32(256 + 4 * i, value, little))
  bytes.set([0x6e, 0x2b, 0x31, 0], 344)
  for (let i = 0; i < 12; i++) {
    if (datatype === 4) view.setInt16(352 + 2 * i, i - 3, little)
    else if (datatype === 2) bytes[352 + i] = i
    else view.setFloat32(352 + 4 * i, i / 4, little)
  }
  return bytes
}

t.test('voxels are read in both byte orders, scaled where scl_slope is not 0', async t => {
  const expected = Array.from({ length: 12 }, (_, i) => i - 3)
  t.same([...parseNifti(file()).data], expected)
  t.same([...parseNifti(file({ little: false })).data], expected)
  t.same([...parseNifti(file({ slope: 2, intercept: 1 })).data], expected.map(value => 2 * value + 1))
  t.same([...parseNifti(file({ datatype: 2, bytesPerVoxel: 1 })).data], Array.from({ length: 12 }, (_, i) => i))
  t.same([...parseNifti(file({ datatype: 16, bytesPerVoxel: 4 })).data], Array.from({ length: 12 }, (_, i) => i / 4))
})

t.test('a gzipped file is the same volume', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'a.nii.gz')
  await writeFile(path, gzipSync(file()))
  t.same(await readNiftiFile(path), parseNifti(file()))
  await t.rejects(readNiftiFile(join(folder, 'absent.nii')), { code: 'input-unreadable' })
})

t.test('the affine comes from sform, else from the quaternion', async t => {
  t.same(parseNifti(file()).affine, [-0.5, 0, 0, 10, 0, 0, 4, 20, 0, -2, 0, 30])
  t.same(parseNifti(file({ sform: false })).affine, [0.5, 0, 0, 7, 0, -2, 0, 8, 0, 0, -4, 9])
  t.same(parseNifti(file({ sform: false, qfac: -1 })).affine, [0.5, 0, 0, 7, 0, -2, 0, 8, 0, 0, 4, 9])
})

t.test('LIA voxels become upright axial slices, positions kept', async t => {
  const volume = parseNifti(file())
  const axial = toAxial(volume)
  t.same(axial.size, [2, 2, 3], 'left, posterior, superior')
  t.same(axial.spacing, [0.5, 4, 2])
  // voxel (i, j, k) holds i + 2j + 6k − 3; i runs left already, k runs forwards and j downwards: both are turned
  for (let z = 0; z < 3; z++) {
    for (let y = 0; y < 2; y++) {
      for (let x = 0; x < 2; x++) t.equal(axial.data[(z * 2 + y) * 2 + x], x + 2 * (2 - z) + 6 * (1 - y) - 3)
    }
  }
  // the first voxel of the axial volume is voxel (0, 2, 1) of the file: 10, 20 + 4, 30 − 4
  t.same([axial.affine[3], axial.affine[7], axial.affine[11]], [10, 24, 26])
  t.same([axial.affine[0], axial.affine[5], axial.affine[10]], [-0.5, -4, 2])
})

t.test('what is not a NIfTI-1 volume is refused with the reason', async t => {
  const refuses = (change: (bytes: Uint8Array, view: DataView) => Uint8Array | undefined, reason: RegExp): void => {
    const bytes = file()
    const changed = change(bytes, new DataView(bytes.buffer)) ?? bytes
    t.throws(() => parseNifti(changed), { code: 'training-data-invalid', message: reason })
  }
  refuses(bytes => bytes.subarray(0, 100), /shorter/)
  refuses(bytes => bytes.subarray(0, 360), /end early/)
  refuses((_, view) => { view.setInt32(0, 540, true); return undefined }, /348/)
  refuses(bytes => { bytes[344] = 0x78; return undefined }, /magic/)
  refuses((_, view) => { view.setInt16(70, 128, true); return undefined }, /datatype 128/)
  refuses((_, view) => { view.setInt16(42, 0, true); return undefined }, /not one volume/)
  refuses(() => Uint8Array.of(0x1f, 0x8b, 8, 0, 1), /decompressed/)
})
