import { canvasPixel, canvasSize } from './canvas-grid.ts'
import { distanceToZero, label, open } from './morphology.ts'
import type { Plane } from './plane.ts'
import { blur, quantile } from './plane.ts'
import type { SliceContrast } from './slice-picture.ts'

/** Where on a real slice tubers and other lesions may be drawn. Distances in the code are millimetres. */
export interface Placement { readonly places: Uint8Array, readonly deep: Uint8Array, readonly tissue: Uint8Array }

/** Finds fluid, ventricles and the cortical band of a slice from its picture and brain mask. */
export function placementOf (picture: Plane, brain: Uint8Array, contrast: SliceContrast): Placement {
  const size = canvasSize
  const count = brain.length
  const mask = (data: Uint8Array) => ({ width: size, height: size, data })
  const smooth = blur(picture, size, 0.7 / canvasPixel)
  const isT2 = contrast === 'T2'
  const fluidLevel = isT2 ? 1.9 * quantile(inside(smooth, brain), 0.45) : 0.62 * quantile(inside(picture, brain), 0.5)
  const fluid = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    fluid[i] = brain[i] !== 0 && (isT2 ? smooth[i]! > fluidLevel : smooth[i]! < fluidLevel) ? 1 : 0
  }
  const toEdge = distance(brain)
  const ventricle = ventricles(open(mask(fluid), 1).data, toEdge)
  const outside = new Uint8Array(count)
  const tissue = new Uint8Array(count)
  const inner = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    outside[i] = 1 - ventricle[i]!
    if (brain[i] === 0) continue
    tissue[i] = fluid[i] === 0 && toEdge[i]! > 2 ? 1 : 0
    inner[i] = fluid[i] === 0 || ventricle[i] !== 0 ? 1 : 0
  }
  const toVentricle = distance(outside)
  const toFluid = distance(inner)
  const typical = quantile(inside(smooth, tissue), 0.5)
  const plain = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    plain[i] = brain[i] !== 0 && smooth[i]! > 0.6 * typical && smooth[i]! < 1.8 * typical ? 1 : 0
  }
  const mostlyPlain = blur(plain, size, 2.6 / canvasPixel)
  const soft = blur(Float32Array.from(tissue), size, 0.8 / canvasPixel)
  const places = new Uint8Array(count)
  const deep = new Uint8Array(count)
  const share = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    share[i] = Math.round(255 * soft[i]!)
    if (tissue[i] === 0) continue
    const edge = toEdge[i]!
    places[i] = edge > 3 && edge < 26 && toVentricle[i]! > 11 && toFluid[i]! < 14 && mostlyPlain[i]! > 0.55 ? 1 : 0
    deep[i] = edge > 16 && toVentricle[i]! < 16 ? 1 : 0
  }
  return { places, deep, tissue: share }
}

/** Millimetres to the nearest 0. */
function distance (data: Uint8Array): Float32Array {
  const out = distanceToZero({ width: canvasSize, height: canvasSize, data })
  for (let i = 0; i < out.length; i++) out[i] = out[i]! * canvasPixel
  return out
}

function inside (values: Plane, mask: Uint8Array): Float32Array {
  const out = new Float32Array(values.length)
  let count = 0
  for (let i = 0; i < values.length; i++) if (mask[i] !== 0) out[count++] = values[i]!
  return out.subarray(0, count)
}

/** Pools of fluid that lie deep: some part more than 24 mm from the brain's edge, and none nearer to it than 8 mm. */
function ventricles (fluid: Uint8Array, toEdge: Float32Array): Uint8Array {
  const { labels, count } = label(fluid, canvasSize, canvasSize)
  const deepest = new Float32Array(count + 1)
  const nearest = new Float32Array(count + 1).fill(1e9)
  for (let i = 0; i < labels.length; i++) {
    const part = labels[i]!
    deepest[part] = Math.max(deepest[part]!, toEdge[i]!)
    nearest[part] = Math.min(nearest[part]!, toEdge[i]!)
  }
  return Uint8Array.from(labels, part => part > 0 && deepest[part]! > 24 && nearest[part]! > 8 ? 1 : 0)
}
