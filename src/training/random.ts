/** Levels of the table that turns 16 random bits into a normal deviate. */
const normalTable = buildNormalTable()

/**
 * A small deterministic generator (sfc32, Chris Doty-Humphrey's PractRand). The same seed and stream give the same numbers on
 * every machine, so slice `i` of a set does not depend on which worker draws it.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param stream tells apart the slices, epochs or workers of one seed */
  constructor (seed: number, stream = 0) {
    this.#a = mix(seed)
    this.#b = mix(stream ^ 0x9e3779b9)
    this.#c = mix(seed + Math.imul(stream, 0x85ebca6b))
    for (let i = 0; i < 12; i++) this.bits()
  }

  /** 32 random bits, as an unsigned integer. */
  bits (): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0
    return sum >>> 0
  }

  /** Uniform in [low, high). */
  uniform (low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 4294967296)
  }

  /** True with the given probability. */
  chance (probability: number): boolean {
    return this.uniform() < probability
  }

  /** Uniform integer in [0, count). */
  below (count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /** One of the values, each equally likely. */
  choice<T> (values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  /** Normal deviate, mean 0, standard deviation 1, from a table of 65,536 quantiles (|z| ≤ 4.3). */
  normal (): number {
    return normalTable[this.bits() >>> 16]!
  }

  /** Log-normal with the given median and standard deviation of the logarithm. */
  logNormal (median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  /** Number of trials up to the first success: 1, 2, 3 … */
  geometric (probability: number): number {
    return 1 + Math.floor(Math.log(1 - this.uniform()) / Math.log(1 - probability))
  }

  /** Fills an array with normal deviates, two from each draw. */
  fillNormal (out: Float32Array, sigma = 1): Float32Array {
    // the state in local variables: half of what this takes is spent on the fields otherwise
    let [a, b, c, counter] = [this.#a, this.#b, this.#c, this.#counter]
    for (let i = 0; i + 1 < out.length; i += 2) {
      const bits = (a + b + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = ((c << 21) | (c >>> 11)) + bits | 0
      out[i] = normalTable[bits >>> 16]! * sigma
      out[i + 1] = normalTable[bits & 0xffff]! * sigma
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#counter = counter
    if (out.length % 2 === 1) out[out.length - 1] = this.normal() * sigma
    return out
  }

  /** Fisher–Yates, in place. */
  shuffle<T> (values: T[]): T[] {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = values[i]!
      values[i] = values[j]!
      values[j] = kept
    }
    return values
  }
}

/** The finaliser of MurmurHash3: neighbouring seeds become unlike states. */
function mix (value: number): number {
  let x = (value | 0) ^ 0x5bd1e995
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) | 0
}

/** Quantiles of the standard normal at (i + ½)/65536 (Abramowitz & Stegun 26.2.23, error below 4.5e-4). */
function buildNormalTable (): Float32Array {
  const table = new Float32Array(65536)
  for (let i = 0; i < 32768; i++) {
    const p = (i + 0.5) / 65536
    const t = Math.sqrt(-2 * Math.log(p))
    const z = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
    table[i] = -z
    table[65535 - i] = z
  }
  return table
}
