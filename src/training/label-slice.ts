import { lesionLook, lesionSize, paintBands, paintSpots, placeSpots, tuberLook, tuberSize } from './lesions.ts'
import type { Plane } from './plane.ts'
import { blur, dilate, smoothField } from './plane.ts'
import type { Random } from './random.ts'
import { implant, signalOf } from './signal.ts'
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
  let codes = sample(volume, warp, cut, 0, folded)
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
  if (moved) codes = sample(volume, warp, cut, 0, folded)

  const signal = signalOf(random, flair)
  const table = intensities(random, flair, signal)
  const step = cut.thickness / 3
  const slab = [sample(volume, warp, cut, -step, folded), codes, sample(volume, warp, cut, step, folded)]
  let picture = render(random, size, slab, table, signal)
  picture = blur(picture, size, random.uniform(0.35, 0.8))
  const isWhite = maskOf(codes, code => code === tissue.whiteMatter)
  const isCortex = maskOf(codes, code => code === tissue.cortex)
  const isVentricle = maskOf(codes, code => code === tissue.ventricle)
  drawLesions(random, picture, size, { isWhite, isCortex, isVentricle }, warp, signal, flair)
  if (flair && random.chance(0.3)) drawCaps(random, picture, size, isVentricle, isWhite, signal.grey * random.uniform(0.1, 0.6))

  const affected = blur(partOf(slab, affinity), size, random.uniform(0.5, 0.9))
  const painted = paintSpots(random, size, tubers, tuberLook)
  paintBands(random, painted, size, tubers, 0.1)
  for (let i = 0; i < painted.length; i++) painted[i] = painted[i]! * affected[i]!
  const tuber = blur(painted, size, random.uniform(0.4, 1))
  implant(random, picture, size, tuber, signal, flair, difficulty)
  return { size, pixel: warp.pixel, picture, tuber, brain: maskOf(codes, isBrain), white: signal.white }
}

interface Cut {
  readonly z: number
  readonly tiltX: number
  readonly tiltY: number
  /** millimetres */
  readonly thickness: number
}

function randomCut (random: Random, volume: TissueVolume, withTubers: boolean): Cut {
  const [low, high] = withTubers || random.chance(0.8) ? volume.cerebrum : volume.brain
  return {
    z: random.uniform(low, high),
    tiltX: Math.tan(random.uniform(-0.07, 0.07)),
    tiltY: Math.tan(random.uniform(-0.25, 0.25)),
    thickness: random.uniform(2.5, 5.5),
  }
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

/** Nearest tissue on a tilted plane, `offset` millimetres above it. */
function sample (volume: TissueVolume, warp: Warp, cut: Cut, offset: number, folded: Uint8Array): Uint8Array {
  const [nx, ny, nz] = volume.size
  const [cx, cy] = volume.centre
  const out = new Uint8Array(warp.x.length)
  for (let i = 0; i < out.length; i++) {
    const x = Math.round(cx + warp.x[i]!)
    const y = Math.round(cy + warp.y[i]!)
    const z = Math.round(cut.z + offset + cut.tiltX * warp.x[i]! + cut.tiltY * warp.y[i]!)
    if (x < 0 || y < 0 || x >= nx || y >= ny || z < 0 || z >= nz) continue
    out[i] = folded[volume.codes[(z * ny + y) * nx + x]!]!
  }
  return out
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

function partOf (slab: readonly Uint8Array[], value: (code: number) => number): Plane {
  const table = Float32Array.from({ length: tissueCount }, (_, code) => value(code) / slab.length)
  const out = new Float32Array(slab[0]!.length)
  for (const codes of slab) for (let i = 0; i < out.length; i++) out[i] = out[i]! + table[codes[i]!]!
  return out
}

/** Cortex and the white matter beneath it, away from the ventricles. */
function corticalPlaces (codes: Uint8Array, size: number): Uint8Array {
  const white = maskOf(codes, code => code === tissue.whiteMatter)
  const cortex = maskOf(codes, code => code === tissue.cortex)
  const nearWhite = dilate(white, size, 3)
  const nearCortex = dilate(cortex, size, 3)
  const nearVentricle = dilate(maskOf(codes, code => code === tissue.ventricle), size, 7)
  const out = new Uint8Array(codes.length)
  for (let i = 0; i < out.length; i++) {
    out[i] = nearVentricle[i] === 0 && ((cortex[i]! & nearWhite[i]!) | (white[i]! & nearCortex[i]!)) !== 0 ? 1 : 0
  }
  return out
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
function render (
  random: Random, size: number, slab: readonly Uint8Array[], table: Float32Array, signal: { white: number, grey: number },
): Plane {
  const mean = partOf(slab, code => table[code]!)
  const brain = partOf(slab, code => isBrain(code) ? 1 : 0)
  const matter = partOf(slab, code => code === tissue.whiteMatter || code === tissue.cortex ? 1 : 0)
  const soft = partOf(slab, code => code === tissue.softTissue || code === tissue.mucosa ? 1 : 0)
  const cortex = partOf(slab, code => code === tissue.cortex ? 1 : 0)
  const regions = smoothField(random, size, 6, random.uniform(0.01, 0.05))
  const fine = smoothField(random, size, 48, random.uniform(0.005, 0.03))
  const bundles = smoothField(random, size, 9, random.uniform(0, 0.12))
  const strands = smoothField(random, size, 40, random.uniform(0.3, 1.2))
  const maturity = smoothField(random, size, 4, random.uniform(0.5, 2.5))
  const mature = random.uniform(1, 3.5)
  const middle = (signal.white + signal.grey) / 2
  const contrast = signal.grey - signal.white
  for (let i = 0; i < mean.length; i++) {
    let value = mean[i]! * (1 + (regions[i]! + fine[i]!) * brain[i]!) + bundles[i]! * cortex[i]! * contrast
    // immature myelin: grey and white drawn towards their mean, region by region
    const immature = 0.7 * matter[i]! / (1 + Math.exp(mature - maturity[i]!))
    value += (middle - value) * immature
    if (soft[i]! > 0) value *= 1 + soft[i]! * Math.max(-0.75, strands[i]! - 0.2)
    mean[i] = value
  }
  return mean
}

interface TissueMasks { readonly isWhite: Uint8Array, readonly isCortex: Uint8Array, readonly isVentricle: Uint8Array }

/** Hard negatives in both classes: periventricular and deep white-matter lesions. */
function drawLesions (
  random: Random, picture: Plane, size: number, masks: TissueMasks, warp: Warp,
  signal: { grey: number, fluid: number }, flair: boolean,
): void {
  if (!random.chance(0.35)) return
  const nearVentricle = dilate(masks.isVentricle, size, 10)
  const nearCortex = dilate(masks.isCortex, size, 4)
  const juxta = dilate(masks.isCortex, size, 3)
  const allowed = masks.isWhite.map((white, i) =>
    white !== 0 && ((nearVentricle[i] !== 0 && juxta[i] === 0) || nearCortex[i] === 0) ? 1 : 0)
  const spots = placeSpots(random, allowed, size, random.geometric(0.4), warp.pixel, lesionSize)
  if (spots.length === 0) return
  const painted = paintSpots(random, size, spots, lesionLook)
  for (let i = 0; i < painted.length; i++) painted[i] = painted[i]! * masks.isWhite[i]!
  const lesion = blur(painted, size, random.uniform(0.4, 0.8))
  const target = flair
    ? signal.grey * (1 + random.uniform(0.2, 1))
    : signal.grey + (signal.fluid - signal.grey) * random.uniform(0.1, 0.8)
  for (let i = 0; i < picture.length; i++) picture[i] = picture[i]! + (target - picture[i]!) * Math.min(1, lesion[i]!)
}

/** Bright rim of the ventricles, as FLAIR shows it. */
function drawCaps (
  random: Random, picture: Plane, size: number, ventricle: Uint8Array, white: Uint8Array, strength: number,
): void {
  const near = dilate(ventricle, size, 2)
  const uneven = smoothField(random, size, 8, 0.3)
  for (let i = 0; i < picture.length; i++) {
    if (near[i] === 0 || white[i] === 0) continue
    picture[i] = picture[i]! + strength * Math.min(1, Math.max(0, 0.4 + uneven[i]!))
  }
}
