import { AppError } from '../../errors.ts'
import type { Weight } from '../layer-graph.ts'
import type { FlatLayer } from './flatten-model.ts'
import type { StoredWeight } from './hdf5-file.ts'

interface Wanted { readonly layer: FlatLayer, readonly part: string, readonly rank: number, readonly statistic: boolean }

/**
 * Each layer's weights, as `layer/part`.
 * @param stored the file's, by layer of the outermost model
 * @throws AppError `model-invalid` for weights that are missing, too many, of another rank, or not finite
 */
export function assignWeights (
  layers: readonly FlatLayer[], stored: ReadonlyMap<string, readonly StoredWeight[]>,
): Map<string, Weight> {
  const groups = new Map<string, Wanted[]>()
  for (const layer of layers) {
    const wanted = partsOf(layer)
    if (wanted.length > 0) groups.set(layer.source.group, [...groups.get(layer.source.group) ?? [], ...wanted])
  }
  const assigned = new Map<string, Weight>()
  for (const [group, wanted] of groups) {
    const found = stored.get(group)
    if (found === undefined) throw new AppError('model-invalid', `the file has no weights of layer ${group}`, { layer: group })
    if (found.length !== wanted.length) {
      throw new AppError('model-invalid', `layer ${group}: the file has ${found.length} weights, the network ${wanted.length}`, { layer: group })
    }
    const pairs = byName(wanted, found) ?? byOrder(wanted, found)
    for (const [{ layer, part, rank }, weight] of pairs) {
      if (weight.shape.length !== rank) {
        throw new AppError('model-invalid', `layer ${layer.source.name}: its ${part} has ${weight.shape.length} axes instead of ${rank}`, { layer: layer.source.name })
      }
      if (!weight.values.every(Number.isFinite)) {
        throw new AppError('model-invalid', `layer ${layer.source.name}: its ${part} holds numbers that are not finite`, { layer: layer.source.name })
      }
      assigned.set(`${layer.name}/${part}`, { shape: weight.shape, values: weight.values })
    }
  }
  checkNormalizations(layers, assigned)
  return assigned
}

/** In the order in which Keras makes them. */
function partsOf (layer: FlatLayer): Wanted[] {
  const part = (name: string, rank: number, statistic = false): Wanted => ({ layer, part: name, rank, statistic })
  const { use_bias: biased, scale, center } = layer.config
  const bias = biased === false ? [] : [part('bias', 1)]
  switch (layer.className) {
    case 'Conv2D': return [part('kernel', 4), ...bias]
    case 'Dense': return [part('kernel', 2), ...bias]
    case 'BatchNormalization': return [
      ...scale === false ? [] : [part('gamma', 1)],
      ...center === false ? [] : [part('beta', 1)],
      part('moving_mean', 1, true),
      part('moving_variance', 1, true),
    ]
    default: return []
  }
}

type Pair = readonly [Wanted, StoredWeight]

/** Where the paths' ends name each layer and part once. Older versions number layers anew when a model is loaded: then they do not. */
function byName (wanted: readonly Wanted[], stored: readonly StoredWeight[]): Pair[] | undefined {
  const found = new Map(stored.map(weight => [ending(weight.name), weight]))
  const pairs = wanted.map(want => [want, found.get(`${want.layer.source.name}/${want.part}`)] as const)
  const distinct = new Set(pairs.map(([, weight]) => weight))
  return distinct.size === wanted.length && !distinct.has(undefined) ? pairs as Pair[] : undefined
}

/** `scope/conv2d/kernel:0` → `conv2d/kernel` */
function ending (path: string): string {
  return path.replace(/:\d+$/, '').split('/').slice(-2).join('/')
}

/** As Keras itself does: what trains first, then what does not, each in the order of the layers. */
function byOrder (wanted: readonly Wanted[], stored: readonly StoredWeight[]): Pair[] {
  const trains = ({ layer, statistic }: Wanted): boolean => layer.source.trainable && !statistic
  const ordered = [...wanted.filter(trains), ...wanted.filter(want => !trains(want))]
  return ordered.map((want, index) => [want, stored[index] as StoredWeight])
}

/** Keras's layers cannot be built otherwise; a file can. */
function checkNormalizations (layers: readonly FlatLayer[], weights: ReadonlyMap<string, Weight>): void {
  for (const { name, className, source } of layers) {
    if (className !== 'BatchNormalization') continue
    const lengths = ['gamma', 'beta', 'moving_mean', 'moving_variance'].flatMap(part => weights.get(`${name}/${part}`)?.shape ?? [])
    if (new Set(lengths).size > 1) throw new AppError('model-invalid', `layer ${source.name}: its weights differ in length`, { layer: source.name })
  }
}
