import { close, fillHoles, grow, label, open, shrink } from './morphology.ts'
import { quantile } from './plane.ts'
import type { AxialVolume } from './volume.ts'

/**
 * The brain on an axial FLAIR volume: what is as bright as the middle of the head, parted from scalp and orbits by a disc of
 * 4 mm, its largest piece near the middle grown back. A T2 threshold of its own would leak into orbits and scalp: `carryMask`.
 * @returns 1 inside, voxel by voxel
 */
export function flairBrainMask (volume: AxialVolume): Uint8Array {
  const [nx, ny, nz] = volume.size
  const [dx, dy] = volume.spacing
  const smooth = smooth3d(volume, 1 / dx, 1 / dy, 0.4)
  const radius = ellipsoidRadius(volume, smooth)
  const inner: number[] = []
  for (let i = 0; i < smooth.length; i++) if (radius[i]! < 1) inner.push(smooth[i]!)
  const middle = quantile(Float32Array.from(inner), 0.5)
  const candidate = Uint8Array.from(smooth, value => value > 0.55 * middle && value < 1.75 * middle ? 1 : 0)
  const plane = nx * ny
  const slice = (data: Uint8Array, z: number) => ({ width: nx, height: ny, data: data.subarray(z * plane, (z + 1) * plane) })
  const core = new Uint8Array(candidate.length)
  for (let z = 0; z < nz; z++) core.set(shrink(slice(candidate, z), 4 / dx).data, z * plane)
  const { labels, count } = label(core, nx, ny, nz)
  const weight = new Float64Array(count + 1)
  for (let i = 0; i < labels.length; i++) if (radius[i]! < 2) weight[labels[i]!] = weight[labels[i]!]! + 1
  weight[0] = -1
  const chosen = weight.indexOf(Math.max(...weight))
  const piece = Uint8Array.from(labels, value => value === chosen && chosen > 0 ? 1 : 0)
  for (let z = 0; z < nz; z++) {
    const allowed = grow(slice(candidate, z), 1 / dx).data
    const grown = grow(slice(piece, z), 5 / dx)
    const kept = { ...grown, data: grown.data.map((value, i) => value & allowed[i]!) }
    piece.set(fillHoles(close(kept, 5 / dx)).data, z * plane)
  }
  return piece
}

/** A mask of one volume laid over another of the same study through both affines; only what is bright enough there stays. */
export function carryMask (mask: Uint8Array, from: AxialVolume, to: AxialVolume): Uint8Array {
  const map = multiply(invert(from.affine), to.affine)
  const [xx, xy, xz, x0, yx, yy, yz, y0, zx, zy, zz, z0] = map as Affine
  const [nx, ny, nz] = to.size
  const plane = nx * ny
  const out = new Uint8Array(plane * nz)
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const inside = trilinear(mask, from.size,
          xx * x + xy * y + xz * z + x0, yx * x + yy * y + yz * z + y0, zx * x + zy * y + zz * z + z0)
        out[i] = inside > 0.5 ? 1 : 0
      }
    }
  }
  const inside: number[] = []
  for (let i = 0; i < out.length; i++) if (out[i] !== 0) inside.push(to.data[i]!)
  const middle = quantile(Float32Array.from(inside), 0.5)
  const smooth = smooth3d(to, 1, 1, 0)
  for (let z = 0; z < nz; z++) {
    const data = out.slice(z * plane, (z + 1) * plane)
    for (let i = 0; i < plane; i++) if (smooth[z * plane + i]! <= 0.45 * middle) data[i] = 0
    out.set(fillHoles(open({ width: nx, height: ny, data }, 2)).data, z * plane)
  }
  return out
}

/** Distance from the centre of the bright voxels, 1 on an ellipsoid of 45×55×35 mm half axes. */
function ellipsoidRadius (volume: AxialVolume, smooth: Float32Array): Float32Array {
  const [nx, ny, nz] = volume.size
  const level = quantile(smooth.filter((_, i) => i % 7 === 0), 0.6)
  const centre = [0, 0, 0]
  let count = 0
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (smooth[i]! <= level) continue
        centre[0] = centre[0]! + x
        centre[1] = centre[1]! + y
        centre[2] = centre[2]! + z
        count++
      }
    }
  }
  const [cx, cy, cz] = centre.map(sum => sum / count) as [number, number, number]
  const [dx, dy, dz] = volume.spacing
  const out = new Float32Array(smooth.length)
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        out[i] = ((x - cx) * dx / 45) ** 2 + ((y - cy) * dy / 55) ** 2 + ((z - cz) * dz / 35) ** 2
      }
    }
  }
  return out
}

/** Gaussian smoothing along the three axes; deviations in voxels. */
function smooth3d (volume: AxialVolume, sigmaX: number, sigmaY: number, sigmaZ: number): Float32Array {
  const [nx, ny, nz] = volume.size
  let data = volume.data
  for (const [sigma, step, count] of [[sigmaX, 1, nx], [sigmaY, nx, ny], [sigmaZ, nx * ny, nz]] as const) {
    if (sigma > 0) data = smoothAxis(data, sigma, step, count)
  }
  return data
}

function smoothAxis (data: Float32Array, sigma: number, step: number, count: number): Float32Array {
  const reach = Math.max(1, Math.ceil(3 * sigma))
  const kernel = Float32Array.from({ length: reach + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)))
  const total = kernel.reduce((sum, value, i) => sum + value * (i === 0 ? 1 : 2), 0)
  const out = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / step) % count
    let sum = data[i]! * kernel[0]!
    for (let k = 1; k <= reach; k++) {
      sum += (data[i - Math.min(k, at) * step]! + data[i + Math.min(k, count - 1 - at) * step]!) * kernel[k]!
    }
    out[i] = sum / total
  }
  return out
}

function trilinear (mask: Uint8Array, [nx, ny, nz]: readonly [number, number, number], x: number, y: number, z: number): number {
  const x0 = Math.floor(x)
  const y0 = Math.floor(y)
  const z0 = Math.floor(z)
  let sum = 0
  for (let k = 0; k < 8; k++) {
    const xi = x0 + (k & 1)
    const yi = y0 + ((k >> 1) & 1)
    const zi = z0 + (k >> 2)
    if (xi < 0 || yi < 0 || zi < 0 || xi >= nx || yi >= ny || zi >= nz) continue
    const weight = (1 - Math.abs(x - xi)) * (1 - Math.abs(y - yi)) * (1 - Math.abs(z - zi))
    sum += weight * mask[(zi * ny + yi) * nx + xi]!
  }
  return sum
}

type Affine = [number, number, number, number, number, number, number, number, number, number, number, number]

/** Inverse of a 3×4 affine. */
function invert (m: readonly number[]): number[] {
  const [a, b, c, t, d, e, f, u, g, h, i, v] = m as Affine
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const r = [
    e * i - f * h, c * h - b * i, b * f - c * e,
    f * g - d * i, a * i - c * g, c * d - a * f,
    d * h - e * g, b * g - a * h, a * e - b * d,
  ].map(value => value / determinant)
  const row = (k: number): number[] => {
    const [x, y, z] = r.slice(3 * k, 3 * k + 3) as [number, number, number]
    return [x, y, z, -(x * t + y * u + z * v)]
  }
  return [...row(0), ...row(1), ...row(2)]
}

/** Product of two 3×4 affines. */
function multiply (m: readonly number[], n: readonly number[]): number[] {
  return [0, 1, 2].flatMap(row => [0, 1, 2, 3].map(column =>
    [0, 1, 2].reduce((sum, k) => sum + m[row * 4 + k]! * n[k * 4 + column]!, column === 3 ? m[row * 4 + 3]! : 0)))
}
