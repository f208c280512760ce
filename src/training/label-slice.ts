import { bitsWhere, dilate, fromBits, grow } from './dilation.ts'
import { lesionLook, lesionSize, paintBands, paintSpots, placeSpots, tuberLook, tuberSize } from './lesions.ts'
import type { Plane } from './plane.ts'
import { blur, smoothField } from './plane.ts'
import type { Random } from './random.ts'
import { implant, signalOf } from './signal.ts'
import type { Slab } from './slab.ts'
import { boxOf, cutPlane, randomCut, sample, slabAbout } from './slab.ts'
import type { Difficulty, DrawnSlice, SliceContrast } from './slice-picture.ts'
import { tuberCount } from './slice-picture.ts'
import type { TissueVolume } from './tissue-volume.ts'
import { tissue, tissueCount } from './tissues.ts'
import type { Warp } from './warp.ts'
import { expandGyrus, randomWarp } from './warp.ts'

export interface LabelSliceRequest {
  readonly size: number
  readonly contrast: SliceContrast
  readonly withTubers: boolean
  readonly difficulty: Difficulty
}

/** Draws one slice of an anatomical label map as an MR picture of random contrast, with tubers where asked. */
export function drawLabelSlice (random: Random, volume: TissueVolume, request: LabelSliceRequest): DrawnSlice {
  const { size, contrast, difficulty } = request
  const flair = contrast === 'FLAIR'
  const warp = randomWarp(random, size)
  const cut = randomCut(random, volume, request.withTubers)
  const folded = foldTable(random)
  let plane = cutPlane(volume, warp, cut)
  let codes = sample(volume, plane, folded)
  const places = corticalPlaces(codes, size)
  const tubers = request.withTubers
    ? placeSpots(random, places, size, tuberCount(random, difficulty), warp.pixel, difficulty.size ?? tuberSize)
    : []
  // tuber-free slices get the same warps, so that a warp is no cue
  const widened = request.withTubers ? tubers : placeSpots(random, places, size, random.below(4), warp.pixel, tuberSize)
  let moved = false
  for (const spot of widened) {
    if (!random.chance(0.5)) continue
    expandGyrus(warp, size, { ...spot, radius: spot.radius * 1.3 }, random.uniform(0.05, 0.35))
    moved = true
  }
  if (moved) {
    plane = cutPlane(volume, warp, cut)
    codes = sample(volume, plane, folded)
  }

  const signal = signalOf(random, flair)
  const table = intensities(random, flair, signal)
  const step = cut.thickness / 3
  const slab = slabAbout(volume, plane, codes, step, folded)
  let picture = render(random, size, slab, table, signal)
  picture = blur(picture, size, random.uniform(0.35, 0.8))
  drawLesions(random, picture, size, codes, warp, signal, flair)
  if (flair && random.chance(0.3)) drawCaps(random, picture, size, codes, signal.grey * random.uniform(0.1, 0.6))

  const sharpness = random.uniform(0.5, 0.9)
  const painted = paintSpots(random, size, tubers, tuberLook)
  paintBands(random, painted, size, tubers, 0.1)
  if (tubers.length > 0) {
    const affected = blur(partOf(slab, affinity), size, sharpness)
    for (let i = 0; i < painted.length; i++) painted[i] = painted[i]! * affected[i]!
  }
  const tuber = blur(painted, size, random.uniform(0.4, 1))
  implant(random, picture, size, tuber, signal, flair, difficulty)
  return { size, pixel: warp.pixel, picture, tuber, brain: maskOf(codes, isBrain), white: signal.white }
}

/** Which fluid next to cortex and ventricle wall becomes tissue: children have narrower sulci and ventricles than adults. */
function foldTable (random: Random): Uint8Array {
  const table = Uint8Array.from({ length: tissueCount }, (_, code) => code)
  const sulci = random.choice([0, 1, 1, 2])
  const walls = random.choice([0, 1, 2, 3])
  table[tissue.csfNear1] = sulci >= 1 ? tissue.cortex : tissue.csf
  table[tissue.csfNear2] = sulci >= 2 ? tissue.cortex : tissue.csf
  table[tissue.ventricleNear1] = walls >= 1 ? tissue.whiteMatter : tissue.ventricle
  table[tissue.ventricleNear2] = walls >= 2 ? tissue.whiteMatter : tissue.ventricle
  table[tissue.ventricleNear3] = walls >= 3 ? tissue.whiteMatter : tissue.ventricle
  return table
}

function maskOf (codes: Uint8Array, test: (code: number) => boolean): Uint8Array {
  const table = Uint8Array.from({ length: tissueCount }, (_, code) => test(code) ? 1 : 0)
  const out = new Uint8Array(codes.length)
  for (let i = 0; i < out.length; i++) out[i] = table[codes[i]!]!
  return out
}

const isBrain = (code: number): boolean => code > 0 && code < tissue.vessel

/** How far a tuber shows in a tissue: fully in cortex and white matter, less in the deep grey nuclei. */
function affinity (code: number): number {
  if (code === tissue.cortex || code === tissue.whiteMatter) return 1
  if (code === tissue.hippocampus) return 0.5
  return code === tissue.thalamus || code === tissue.striatum ? 0.3 : 0
}

function tableOf (value: (code: number) => number): Float32Array {
  return Float32Array.from({ length: tissueCount }, (_, code) => value(code) / 3)
}

function partOf ([below, middle, above]: Slab, value: (code: number) => number): Plane {
  const table = tableOf(value)
  const out = new Float32Array(middle.length)
  for (let i = 0; i < out.length; i++) out[i] = table[below[i]!]! + table[middle[i]!]! + table[above[i]!]!
  return out
}

/** Cortex and the white matter beneath it, away from the ventricles. */
function corticalPlaces (codes: Uint8Array, size: number): Uint8Array {
  const white = bitsWhere(codes, size, tissue.whiteMatter)
  const cortex = bitsWhere(codes, size, tissue.cortex)
  const nearWhite = grow(white, size, 3)
  const nearCortex = grow(cortex, size, 3)
  const nearVentricle = grow(bitsWhere(codes, size, tissue.ventricle), size, 7)
  const out = new Int32Array(white.length)
  for (let i = 0; i < out.length; i++) {
    out[i] = ~nearVentricle[i]! & ((cortex[i]! & nearWhite[i]!) | (white[i]! & nearCortex[i]!))
  }
  return fromBits(out, size)
}

/** A random intensity of each tissue, in units of a full-scale signal of about 1. */
function intensities (random: Random, flair: boolean, signal: { white: number, grey: number, fluid: number }): Float32Array {
  const { white, grey, fluid } = signal
  const u = (low: number, high: number): number => random.uniform(low, high)
  const between = grey - white
  const fat = random.chance(0.4) ? u(0.02, 0.25) : white * u(0.8, 4)
  const table = new Float32Array(tissueCount)
  table[tissue.air] = u(0, 0.03)
  table[tissue.whiteMatter] = white
  table[tissue.cortex] = grey
  table[tissue.ventricle] = fluid * u(0.9, 1.1)
  table[tissue.csf] = fluid * u(0.75, 1.1)
  table[tissue.cerebellarWhite] = white * u(0.95, 1.1)
  table[tissue.cerebellarCortex] = grey * u(0.9, 1.05)
  for (const code of [tissue.thalamus, tissue.striatum, tissue.hippocampus]) table[code] = white + between * u(0.2, 1.1)
  table[tissue.pallidum] = white * (1 - u(0, 0.24))
  table[tissue.brainStem] = white + between * u(-0.2, 0.6)
  table[tissue.vessel] = u(0.02, 0.2)
  table[tissue.choroid] = flair ? grey * u(0.7, 1.2) : fluid * u(0.5, 1)
  table[tissue.skin] = fat * u(0.7, 1.1)
  table[tissue.bone] = u(0.01, 0.12)
  table[tissue.marrow] = random.chance(0.6) ? fat * u(0.3, 0.8) : u(0.02, 0.4)
  table[tissue.softTissue] = random.chance(0.5) ? fat * u(0.3, 0.9) : u(0.05, 0.35)
  table[tissue.eye] = flair ? u(0.02, 0.2) : fluid
  table[tissue.mucosa] = white * u(0.6, 3)
  for (const code of [tissue.otherA, tissue.otherB, tissue.otherC]) table[code] = u(0.02, 0.5)
  return table
}

/** The slab's mean intensity with what makes tissue uneven: regional shifts, bundles, muscle in fat, immature borders. */
function render (random: Random, size: number, slab: Slab, table: Float32Array, signal: { white: number, grey: number }): Plane {
  const intensity = tableOf(code => table[code]!)
  const brain = tableOf(code => isBrain(code) ? 1 : 0)
  const matter = tableOf(code => code === tissue.whiteMatter || code === tissue.cortex ? 1 : 0)
  const soft = tableOf(code => code === tissue.softTissue || code === tissue.mucosa ? 1 : 0)
  const cortex = tableOf(code => code === tissue.cortex ? 1 : 0)
  const head = boxOf(slab, size, brain)
  const regions = smoothField(random, size, 6, random.uniform(0.01, 0.05), head)
  const fine = smoothField(random, size, 48, random.uniform(0.005, 0.03), head)
  const bundles = smoothField(random, size, 9, random.uniform(0, 0.12), head)
  const strands = smoothField(random, size, 40, random.uniform(0.3, 1.2))
  const maturity = smoothField(random, size, 4, random.uniform(0.5, 2.5), head)
  const mature = random.uniform(1, 3.5)
  const middle = (signal.white + signal.grey) / 2
  const contrast = signal.grey - signal.white
  const [below, codes, above] = slab
  const out = new Float32Array(codes.length)
  const air = 3 * intensity[tissue.air]!
  for (let i = 0; i < out.length; i++) {
    const [a, b, c] = [below[i]!, codes[i]!, above[i]!]
    if ((a | b | c) === tissue.air) {
      out[i] = air
      continue
    }
    let value = intensity[a]! + intensity[b]! + intensity[c]!
    const inside = brain[a]! + brain[b]! + brain[c]!
    if (inside > 0) {
      value *= 1 + (regions[i]! + fine[i]!) * inside
      value += bundles[i]! * (cortex[a]! + cortex[b]! + cortex[c]!) * contrast
      const share = matter[a]! + matter[b]! + matter[c]!
      // immature myelin: grey and white drawn towards their mean, region by region
      if (share > 0) value += (middle - value) * 0.7 * share / (1 + Math.exp(mature - maturity[i]!))
    }
    const padding = soft[a]! + soft[b]! + soft[c]!
    if (padding > 0) value *= 1 + padding * Math.max(-0.75, strands[i]! - 0.2)
    out[i] = value
  }
  return out
}

/** Hard negatives in both classes: periventricular and deep white-matter lesions. */
function drawLesions (
  random: Random, picture: Plane, size: number, codes: Uint8Array, warp: Warp,
  signal: { grey: number, fluid: number }, flair: boolean,
): void {
  if (!random.chance(0.35)) return
  const isWhite = maskOf(codes, code => code === tissue.whiteMatter)
  const isCortex = maskOf(codes, code => code === tissue.cortex)
  const nearVentricle = dilate(maskOf(codes, code => code === tissue.ventricle), size, 10)
  const nearCortex = dilate(isCortex, size, 4)
  const juxta = dilate(isCortex, size, 3)
  const allowed = new Uint8Array(codes.length)
  for (let i = 0; i < allowed.length; i++) {
    allowed[i] = isWhite[i] !== 0 && ((nearVentricle[i] !== 0 && juxta[i] === 0) || nearCortex[i] === 0) ? 1 : 0
  }
  const spots = placeSpots(random, allowed, size, random.geometric(0.4), warp.pixel, lesionSize)
  if (spots.length === 0) return
  const painted = paintSpots(random, size, spots, lesionLook)
  for (let i = 0; i < painted.length; i++) painted[i] = painted[i]! * isWhite[i]!
  const lesion = blur(painted, size, random.uniform(0.4, 0.8))
  const target = flair
    ? signal.grey * (1 + random.uniform(0.2, 1))
    : signal.grey + (signal.fluid - signal.grey) * random.uniform(0.1, 0.8)
  for (let i = 0; i < picture.length; i++) picture[i] = picture[i]! + (target - picture[i]!) * Math.min(1, lesion[i]!)
}

/** Bright rim of the ventricles, as FLAIR shows it. */
function drawCaps (random: Random, picture: Plane, size: number, codes: Uint8Array, strength: number): void {
  const near = dilate(maskOf(codes, code => code === tissue.ventricle), size, 2)
  const uneven = smoothField(random, size, 8, 0.3)
  for (let i = 0; i < picture.length; i++) {
    if (near[i] === 0 || codes[i] !== tissue.whiteMatter) continue
    picture[i] = picture[i]! + strength * Math.min(1, Math.max(0, 0.4 + uneven[i]!))
  }
}
