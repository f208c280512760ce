import type { Attributes } from './attributes.ts'
import { LayeredAttributes } from './layered-attributes.ts'
import { privateAttributes, privateName } from './private-dictionary.ts'
import type { PrivateAttribute } from './private-dictionary.ts'

/** GE adds multiples of this to the b-value to mark how it was measured. */
const geOffset = 100_000

/** All b-values of a frame in s/mm², each once: standard (0018,9087), Siemens, GE, Philips, United Imaging. */
export function diffusionBValues (attributes: Attributes): readonly number[] {
  const ge = privateNumber(attributes, privateAttributes.geBValue)
  const found = [
    attributes.number('DiffusionBValue'),
    privateNumber(attributes, privateAttributes.siemensBValue),
    ge === undefined ? undefined : ge % geOffset,
    privateNumber(attributes, privateAttributes.philipsBValue),
    privateNumber(attributes, privateAttributes.uihBValue),
  ]
  return [...new Set(found.filter((value): value is number => value !== undefined && value >= 0))]
}

/** DiffusionDirectionality (0018,9075), or Siemens' private one: NONE, DIRECTIONAL, BMATRIX, ISOTROPIC. */
export function diffusionDirectionality (attributes: Attributes): string | undefined {
  return attributes.string('DiffusionDirectionality') ?? privateString(attributes, privateAttributes.siemensDirectionality)
}

function privateNumber (attributes: Attributes, wanted: PrivateAttribute): number | undefined {
  return firstOf(attributes, wanted, (layer, name) => layer.number(name))
}

function privateString (attributes: Attributes, wanted: PrivateAttribute): string | undefined {
  return firstOf(attributes, wanted, (layer, name) => layer.string(name))
}

/** A creator reserves its block in its own data set alone (PS3.5 7.8.1), so each layer is asked by itself. */
function firstOf<T> (
  attributes: Attributes, wanted: PrivateAttribute, read: (layer: Attributes, name: string) => T | undefined,
): T | undefined {
  for (const layer of attributes instanceof LayeredAttributes ? attributes.layers : [attributes]) {
    const name = privateName(layer, wanted)
    const value = name === undefined ? undefined : read(layer, name)
    if (value !== undefined) return value
  }
  return undefined
}
