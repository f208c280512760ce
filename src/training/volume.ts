import type { NiftiVolume } from './nifti.ts'

/** A volume whose axes run to the patient's left, posterior and superior: `data[(z·ny + y)·nx + x]`. */
export interface AxialVolume {
  readonly size: readonly [number, number, number]
  /** millimetres along x, y, z */
  readonly spacing: readonly [number, number, number]
  /** 3×4, row by row: voxel indices of this volume → millimetres, right-anterior-superior */
  readonly affine: readonly number[]
  readonly data: Float32Array
}

/** Transposes and flips a volume, without resampling, so that its planes of constant z are upright radiological axial slices. */
export function toAxial (volume: NiftiVolume): AxialVolume {
  const axes = closestAxes(volume.affine)
  // LPS: x and y run against the affine's right and anterior, z with superior
  const wanted = [-1, -1, 1]
  const steps = axes.map(axis => strides(volume.size)[axis.voxel]!)
  const flips = axes.map((axis, world) => axis.sign !== wanted[world])
  const [nx, ny, nz] = axes.map(axis => volume.size[axis.voxel]!) as [number, number, number]
  const extents = [nx, ny, nz]
  const start = axes.reduce((sum, _, world) => sum + (flips[world]! ? (extents[world]! - 1) * steps[world]! : 0), 0)
  const [sx, sy, sz] = steps.map((step, world) => flips[world]! ? -step : step) as [number, number, number]
  const data = new Float32Array(nx * ny * nz)
  let at = 0
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let from = start + z * sz + y * sy
      for (let x = 0; x < nx; x++, from += sx) data[at++] = volume.data[from]!
    }
  }
  return {
    size: [nx, ny, nz],
    spacing: axes.map(axis => volume.spacing[axis.voxel]!) as [number, number, number],
    affine: permuted(volume.affine, axes, flips, extents),
    data,
  }
}

interface AxisMatch {
  /** voxel axis */
  readonly voxel: number
  /** +1: the voxel axis runs with the world axis */
  readonly sign: number
}

/** For each world axis (right, anterior, superior) the voxel axis that is nearest to it, each used once, the clearest first. */
function closestAxes (affine: readonly number[]): AxisMatch[] {
  const cosine = (world: number, voxel: number): number =>
    affine[world * 4 + voxel]! / Math.hypot(affine[voxel]!, affine[4 + voxel]!, affine[8 + voxel]!)
  const pairs = [0, 1, 2].flatMap(world => [0, 1, 2].map(voxel => ({ world, voxel, cosine: cosine(world, voxel) })))
  pairs.sort((one, other) => Math.abs(other.cosine) - Math.abs(one.cosine))
  const found: (AxisMatch | undefined)[] = [undefined, undefined, undefined]
  const used = new Set<number>()
  for (const pair of pairs) {
    if (found[pair.world] !== undefined || used.has(pair.voxel)) continue
    found[pair.world] = { voxel: pair.voxel, sign: Math.sign(pair.cosine) }
    used.add(pair.voxel)
  }
  return found as AxisMatch[]
}

function strides (size: readonly [number, number, number]): number[] {
  return [1, size[0], size[0] * size[1]]
}

function permuted (
  affine: readonly number[], axes: readonly AxisMatch[], flips: readonly boolean[], extents: readonly number[],
): number[] {
  const out = new Array<number>(12).fill(0)
  for (let row = 0; row < 3; row++) {
    let origin = affine[row * 4 + 3]!
    for (const [axis, match] of axes.entries()) {
      const column = affine[row * 4 + match.voxel]!
      out[row * 4 + axis] = flips[axis]! ? -column : column
      if (flips[axis]!) origin += column * (extents[axis]! - 1)
    }
    out[row * 4 + 3] = origin
  }
  return out
}
