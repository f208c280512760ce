/** Side of the squares in which two maps are compared. */
const blockSide = 4
/** Side of the window of SSIM, in blocks. */
const windowSide = 7
/** Mean square of both maps below which a window is black. */
const leastEnergy = 1e-3

/** How alike two maps of one slice are. */
export interface MapLikeness {
  /** Spearman's rank correlation inside the head: 1 the same order, 0 none */
  readonly rankCorrelation: number
  /** mean structural similarity (Wang 2004), windows of 7 × 7 blocks where either map shows anything: 1 the same, 0 nothing in common */
  readonly ssim: number
}

/** @param inside which pixels are head; maps and it are of one size, side by side rows */
export function mapLikeness (one: Float32Array, other: Float32Array, inside: Uint8Array, width: number): MapLikeness {
  const height = one.length / width
  const [first, second, head] = [blocks(one, width, height), blocks(other, width, height), blocks(inside, width, height)]
  const kept = [...head.keys()].filter(i => head[i]! >= 0.5)
  return {
    rankCorrelation: correlation(ranks(kept.map(i => first[i]!)), ranks(kept.map(i => second[i]!))),
    ssim: structuralSimilarity(first, second, Math.floor(width / blockSide)),
  }
}

function blocks (values: Float32Array | Uint8Array, width: number, height: number): Float32Array {
  const [across, down] = [Math.floor(width / blockSide), Math.floor(height / blockSide)]
  const out = new Float32Array(across * down)
  for (let y = 0; y < down * blockSide; y++) {
    for (let x = 0; x < across * blockSide; x++) {
      out[Math.floor(y / blockSide) * across + Math.floor(x / blockSide)]! += values[y * width + x]! / blockSide ** 2
    }
  }
  return out
}

/** Ranks from 0; equal values share their mean rank. */
export function ranks (values: readonly number[]): number[] {
  const order = [...values.keys()].sort((one, other) => values[one]! - values[other]!)
  const out = new Array<number>(values.length).fill(0)
  for (let start = 0; start < order.length;) {
    let end = start
    while (end < order.length && !(values[order[end]!]! > values[order[start]!]!)) end++
    for (let i = start; i < end; i++) out[order[i]!] = (start + end - 1) / 2
    start = end
  }
  return out
}

/** Pearson's; 0 where one side never changes. */
function correlation (one: readonly number[], other: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [first, second] = [mean(one), mean(other)]
  let [products, squares, others] = [0, 0, 0]
  for (const [i, value] of one.entries()) {
    products += (value - first) * (other[i]! - second)
    squares += (value - first) ** 2
    others += (other[i]! - second) ** 2
  }
  return squares > 0 && others > 0 ? products / Math.sqrt(squares * others) : 0
}

/** Of maps from 0 to 1: the constants are Wang's, 0.01² and 0.03². */
function structuralSimilarity (one: Float32Array, other: Float32Array, across: number): number {
  const down = one.length / across
  let [total, count] = [0, 0]
  for (let top = 0; top + windowSide <= down; top++) {
    for (let left = 0; left + windowSide <= across; left++) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0]
      for (let y = top; y < top + windowSide; y++) {
        for (let i = y * across + left; i < y * across + left + windowSide; i++) {
          a += one[i]!
          b += other[i]!
          aa += one[i]! ** 2
          bb += other[i]! ** 2
          ab += one[i]! * other[i]!
        }
      }
      const n = windowSide ** 2
      // where both are black they agree on nothing
      if (aa + bb < leastEnergy * n) continue
      const [meanA, meanB] = [a / n, b / n]
      total += (2 * meanA * meanB + 1e-4) * (2 * (ab / n - meanA * meanB) + 9e-4) /
        ((meanA ** 2 + meanB ** 2 + 1e-4) * (aa / n - meanA ** 2 + bb / n - meanB ** 2 + 9e-4))
      count++
    }
  }
  return count === 0 ? 0 : total / count
}
