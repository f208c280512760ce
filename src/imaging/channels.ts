/**
 * One windowed picture → the three channels of a raster, interleaved.
 * @param unit 0..1
 * @param range the values of black and white in windowed channels
 */
export function toChannels (
  unit: Float32Array, width: number, height: number, kind: 'equal' | 'normalized', range: readonly [number, number],
): Float32Array {
  const output = new Float32Array(unit.length * 3)
  const [black, white] = range
  const gain = white - black
  if (kind === 'equal') {
    for (let i = 0, o = 0; i < unit.length; i++, o += 3) {
      const value = black + gain * unit[i]!
      output[o] = value
      output[o + 1] = value
      output[o + 2] = value
    }
    return output
  }
  const ratio = foregroundRatio(unit)
  const around = localMean(unit, ratio, width, height)
  for (let i = 0, o = 0; i < unit.length; i++, o += 3) {
    const z = ratio[i]!
    output[o] = black + gain * unit[i]!
    output[o + 1] = z - 1
    const contrast = unit[i]! > foregroundLevel ? contrastGain * (z - around[i]!) : 0
    output[o + 2] = contrast < -contrastLimit ? -contrastLimit : contrast > contrastLimit ? contrastLimit : contrast
  }
  return output
}

/** What is brighter than this counts as foreground in a windowed picture. */
const foregroundLevel = 0.06
const ratioLimit = 4
const contrastGain = 3
const contrastLimit = 4
/** Local means are taken over 5 × 5 cells of 1/28 of the raster: 40 pixels of 224. */
const cellsAcross = 28

/** Channel 1 + 1: z = min(x / (m + 0.02), 4), m the mean of the foreground (x > 0.06). −1..3 after subtraction. */
function foregroundRatio (unit: Float32Array): Float32Array {
  let sum = 0
  let count = 1
  for (let i = 0; i < unit.length; i++) {
    const value = unit[i]!
    if (value <= foregroundLevel) continue
    sum += value
    count++
  }
  const gain = 1 / (sum / count + 0.02)
  const ratio = new Float32Array(unit.length)
  for (let i = 0; i < unit.length; i++) ratio[i] = Math.min(unit[i]! * gain, ratioLimit)
  return ratio
}

/**
 * Channel 2 is 3 · (z − local mean of z over the foreground) inside the foreground, 0 outside, cut at ±4. The local mean: cell sums,
 * 5 × 5 box over cells, their quotient laid back bilinearly.
 */
function localMean (unit: Float32Array, ratio: Float32Array, width: number, height: number): Float32Array {
  const cell = Math.max(1, Math.round(Math.max(width, height) / cellsAcross))
  const across = Math.ceil(width / cell)
  const down = Math.ceil(height / cell)
  const counts = new Float32Array(across * down)
  const sums = new Float32Array(across * down)
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(y / cell) * across
    for (let x0 = 0, at = row; x0 < width; x0 += cell, at++) {
      const end = Math.min(x0 + cell, width)
      for (let x = x0; x < end; x++, i++) {
        if (unit[i]! <= foregroundLevel) continue
        counts[at]! += 1
        sums[at]! += ratio[i]!
      }
    }
  }
  const wideCounts = box5(counts, across, down)
  const means = box5(sums, across, down)
  // 0.05 of a cell's share of 25: where there is almost no foreground the mean fades to 0 instead of jumping
  const little = 0.05 * 25 * cell * cell
  for (let i = 0; i < means.length; i++) means[i]! /= wideCounts[i]! + little
  return enlarge(means, across, down, width, height, cell)
}

/** Sums over 5 × 5 cells, nothing beyond the edge. */
function box5 (cells: Float32Array, across: number, down: number): Float32Array {
  const rows = new Float32Array(cells.length)
  const output = new Float32Array(cells.length)
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      let sum = 0
      for (let k = Math.max(0, x - 2); k <= Math.min(across - 1, x + 2); k++) sum += cells[y * across + k]!
      rows[y * across + x] = sum
    }
  }
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      let sum = 0
      for (let k = Math.max(0, y - 2); k <= Math.min(down - 1, y + 2); k++) sum += rows[k * across + x]!
      output[y * across + x] = sum
    }
  }
  return output
}

/** Bilinear between cell centres, constant beyond the outermost. */
function enlarge (cells: Float32Array, across: number, down: number, width: number, height: number, cell: number): Float32Array {
  const output = new Float32Array(width * height)
  const [left, share] = neighbours(width, across, cell)
  const line = new Float32Array(across)
  for (let y = 0, i = 0; y < height; y++) {
    const at = Math.min(Math.max((y + 0.5) / cell - 0.5, 0), down - 1)
    const above = Math.min(Math.floor(at), Math.max(down - 2, 0))
    const below = Math.min(above + 1, down - 1)
    for (let k = 0; k < across; k++) {
      const value = cells[above * across + k]!
      line[k] = value + (cells[below * across + k]! - value) * (at - above)
    }
    for (let x = 0; x < width; x++, i++) {
      const from = left[x]!
      const value = line[from]!
      output[i] = value + (line[Math.min(from + 1, across - 1)]! - value) * share[x]!
    }
  }
  return output
}

function neighbours (size: number, count: number, cell: number): [Int32Array, Float32Array] {
  const left = new Int32Array(size)
  const share = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    const at = Math.min(Math.max((i + 0.5) / cell - 0.5, 0), count - 1)
    left[i] = Math.min(Math.floor(at), Math.max(count - 2, 0))
    share[i] = at - left[i]!
  }
  return [left, share]
}
