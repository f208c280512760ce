import type { AxialVolume } from './volume.ts'

/** What the synthesis tells apart. Codes are ours; the label maps use FreeSurfer's numbers (their labels.txt). */
export const tissue = {
  air: 0,
  whiteMatter: 1,
  cortex: 2,
  ventricle: 3,
  csf: 4,
  cerebellarWhite: 5,
  cerebellarCortex: 6,
  thalamus: 7,
  striatum: 8,
  pallidum: 9,
  brainStem: 10,
  hippocampus: 11,
  vessel: 12,
  choroid: 13,
  softTissue: 14,
  skin: 15,
  bone: 16,
  marrow: 17,
  eye: 18,
  mucosa: 19,
  otherA: 20,
  otherB: 21,
  otherC: 22,
  /** fluid so near to the cortex or the white matter that a child's narrower sulci and ventricles do not have it */
  csfNear1: 23,
  csfNear2: 24,
  ventricleNear1: 25,
  ventricleNear2: 26,
  ventricleNear3: 27,
} as const
export const tissueCount = 28

const fromLabel: readonly (readonly [readonly number[], number])[] = [
  [[2, 41, 25, 57, 77, 78, 79], tissue.whiteMatter],
  [[3, 42, 80], tissue.cortex],
  [[4, 5, 43, 44, 14, 15, 72], tissue.ventricle],
  [[24], tissue.csf],
  [[7, 46], tissue.cerebellarWhite],
  [[8, 47], tissue.cerebellarCortex],
  [[10, 49, 28, 60, 85], tissue.thalamus],
  [[11, 12, 26, 50, 51, 58, 136, 137, 163, 164], tissue.striatum],
  [[13, 52], tissue.pallidum],
  [[16], tissue.brainStem],
  [[17, 18, 53, 54], tissue.hippocampus],
  [[30, 62, 502], tissue.vessel],
  [[31, 63], tissue.choroid],
  [[507], tissue.softTissue],
  [[511], tissue.skin],
  [[515], tissue.bone],
  [[516], tissue.marrow],
  [[506], tissue.eye],
  [[509], tissue.mucosa],
  [[508], tissue.otherA],
  [[512], tissue.otherB],
  [[514, 530], tissue.otherC],
]

/** Tissue code of each voxel; labels that no table names become air below 500 and `otherA` from 500 on. */
export function toTissues (labels: AxialVolume): Uint8Array {
  const table = new Uint8Array(1024)
  table.fill(tissue.otherA, 500)
  for (const [numbers, code] of fromLabel) for (const number of numbers) table[number] = code
  const out = new Uint8Array(labels.data.length)
  for (let i = 0; i < out.length; i++) out[i] = table[labels.data[i]!] ?? 0
  markNear(out, labels.size, tissue.csf, tissue.cortex, [tissue.csfNear1, tissue.csfNear2])
  markNear(out, labels.size, tissue.ventricle, tissue.whiteMatter,
    [tissue.ventricleNear1, tissue.ventricleNear2, tissue.ventricleNear3])
  return out
}

/** Recodes fluid voxels by their in-plane distance (city block) to a tissue: one code for each ring. */
function markNear (
  codes: Uint8Array, size: readonly [number, number, number], fluid: number, wall: number, rings: readonly number[],
): void {
  const [nx, ny, nz] = size
  let inner = wall
  for (const ring of rings) {
    const hits: number[] = []
    for (let z = 0; z < nz; z++) {
      for (let y = 1; y < ny - 1; y++) {
        for (let x = 1, i = (z * ny + y) * nx + 1; x < nx - 1; x++, i++) {
          if (codes[i] !== fluid) continue
          if (codes[i - 1] === inner || codes[i + 1] === inner || codes[i - nx] === inner || codes[i + nx] === inner) hits.push(i)
        }
      }
    }
    for (const i of hits) codes[i] = ring
    inner = ring
  }
}
