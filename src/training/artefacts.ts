import { blur } from './plane.ts'
import type { Random } from './random.ts'
import type { DrawnSlice } from './slice-picture.ts'

/**
 * What goes wrong while a slice is acquired, drawn into both classes before noise and coil shading: a head that moved, stripes
 * through the whole picture, and a line of interference.
 */
export function addArtefacts (random: Random, slice: DrawnSlice): void {
  if (random.chance(0.1)) moveHead(random, slice)
  if (random.chance(0.05)) addStripes(random, slice)
  if (random.chance(0.03)) addZipper(random, slice)
}

/** Motion: faint copies of the head shifted to both sides along the phase-encoding direction, and some blur. */
function moveHead (random: Random, { picture, size }: DrawnSlice): void {
  const isAlongRows = random.chance(0.5)
  const shift = 6 + random.below(Math.floor(size / 3))
  const weight = random.uniform(0.02, 0.1)
  const still = blur(picture, size, random.uniform(0.15, 0.9))
  const from = (row: number, column: number): number => still[row * size + column]!
  for (let row = 0, i = 0; row < size; row++) {
    for (let column = 0; column < size; column++, i++) {
      const [before, after] = isAlongRows
        ? [from(row, (column + size - shift) % size), from(row, (column + shift) % size)]
        : [from((row + size - shift) % size, column), from((row + shift) % size, column)]
      // ghosts add to or take from what they lie on, by the phase
      picture[i] = Math.max(0, (1 - weight) * still[i]! + weight * (after - 0.5 * before))
    }
  }
}

/** A spike in k-space: one wave over the whole picture. */
function addStripes (random: Random, { picture, size, white }: DrawnSlice): void {
  const amplitude = white * random.uniform(0.02, 0.12)
  const across = random.uniform(-1.5, 1.5)
  const down = random.uniform(-1.5, 1.5)
  const phase = random.uniform(0, 2 * Math.PI)
  for (let i = 0; i < picture.length; i++) {
    const wave = Math.sin(across * (i % size) + down * Math.floor(i / size) + phase)
    picture[i] = Math.max(0, picture[i]! + amplitude * wave)
  }
}

/** Interference: a row or column of alternating noise, one or two pixels wide. */
function addZipper (random: Random, { picture, size, white }: DrawnSlice): void {
  const isRow = random.chance(0.5)
  const at = random.below(size)
  const width = 1 + random.below(2)
  const strength = white * random.uniform(0.2, 1.2)
  for (let along = 0; along < size; along++) {
    for (let line = at; line < Math.min(size, at + width); line++) {
      const i = isRow ? line * size + along : along * size + line
      picture[i] = Math.max(0, picture[i]! + strength * random.uniform(-0.5, 1))
    }
  }
}
