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
  const mask = (data: Uint8Array) => ({ width: size, height: size, data })
  const distance = (data: Uint8Array): Float32Array => distanceToZero(mask(data)).map(value => value * canvasPixel)
  const smooth = blur(picture, size, 0.7 / canvasPixel)
  const fluidLevel = contrast === 'T2'
    ? 1.9 * quantile(smooth.filter((_, i) => brain[i] !== 0), 0.45)
    : 0.62 * quantile(picture.filter((_, i) => brain[i] !== 0), 0.5)
  const fluid = Uint8Array.from(brain, (value, i) =>
    value !== 0 && (contrast === 'T2' ? smooth[i]! > fluidLevel : smooth[i]! < fluidLevel) ? 1 : 0)
  const toEdge = distance(brain)
  const ventricle = ventricles(open(mask(fluid), 1).data, toEdge)
  const toVentricle = distance(ventricle.map(value => 1 - value))
  const tissue = Uint8Array.from(brain, (value, i) => value !== 0 && fluid[i] === 0 && toEdge[i]! > 2 ? 1 : 0)
  const inner = Uint8Array.from(brain, (value, i) => value !== 0 && (fluid[i] === 0 || ventricle[i] !== 0) ? 1 : 0)
  const toFluid = distance(inner)
  const typical = quantile(smooth.filter((_, i) => tissue[i] !== 0), 0.5)
  const plain = Float32Array.from(brain, (value, i) =>
    value !== 0 && smooth[i]! > 0.6 * typical && smooth[i]! < 1.8 * typical ? 1 : 0)
  const mostlyPlain = blur(plain, size, 2.6 / canvasPixel)
  const places = tissue.map((value, i) => value !== 0 && toEdge[i]! > 3 && toEdge[i]! < 26 && toVentricle[i]! > 11 &&
    toFluid[i]! < 14 && mostlyPlain[i]! > 0.55
    ? 1
    : 0)
  const deep = tissue.map((value, i) => value !== 0 && toEdge[i]! > 16 && toVentricle[i]! < 16 ? 1 : 0)
  const soft = blur(Float32Array.from(tissue), size, 0.8 / canvasPixel)
  return { places, deep, tissue: Uint8Array.from(soft, value => Math.round(255 * value)) }
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
