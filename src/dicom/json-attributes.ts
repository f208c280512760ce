import { AppError } from '../errors.ts'
import type { Attributes, PersonName } from './attributes.ts'
import { tagOf, tagText, vrOf } from './dictionary.ts'
import { jsonObjectSchema } from './json-schema.ts'
import type { JsonAttribute, JsonObject, JsonValue } from './json-schema.ts'
import { readNumbers } from './numeric-value.ts'
import { parseDecimal } from './parse-decimal.ts'

/**
 * Attributes of one object of the DICOM JSON Model (PS3.18 F). Items of sequences are checked when asked for, those that
 * break the model are left out. Bulk data is not fetched: `bytes` knows inline values only.
 * @throws AppError `dicom-malformed` when the JSON is not of that model
 */
export function fromDicomJson (json: unknown): Attributes {
  const attributes = attributesOf(json)
  if (attributes !== undefined) return attributes
  throw new AppError('dicom-malformed', 'The JSON does not follow the DICOM JSON Model')
}

function attributesOf (json: unknown): JsonAttributes | undefined {
  const parsed = jsonObjectSchema.safeParse(json)
  return parsed.success ? new JsonAttributes(parsed.data) : undefined
}

class JsonAttributes implements Attributes {
  readonly #object: JsonObject

  constructor (object: JsonObject) {
    this.#object = object
  }

  get tags (): readonly number[] {
    return Object.keys(this.#object).map(tag => parseInt(tag, 16)).sort((a, b) => a - b)
  }

  has (name: string): boolean {
    return this.#attribute(name) !== undefined
  }

  string (name: string): string | undefined {
    const value = this.strings(name)[0]
    return value === '' ? undefined : value
  }

  personName (name: string): PersonName | undefined {
    const value = this.#values(name)[0]
    if (typeof value !== 'object' || value === null) return undefined
    const group = (key: string) => {
      const text = value[key]
      return typeof text === 'string' ? text.trim() : ''
    }
    return { alphabetic: group('Alphabetic'), ideographic: group('Ideographic'), phonetic: group('Phonetic') }
  }

  strings (name: string): readonly string[] {
    return this.#values(name).map(value => {
      if (typeof value === 'string') return value.trim()
      if (typeof value === 'number') return String(value)
      const alphabetic = value?.['Alphabetic']
      return typeof alphabetic === 'string' ? alphabetic.trim() : ''
    })
  }

  number (name: string): number | undefined {
    const value = this.#numerals(name)[0]
    return value !== undefined && Number.isFinite(value) ? value : undefined
  }

  numbers (name: string): readonly number[] {
    const values = this.#numerals(name)
    return values.every(value => Number.isFinite(value)) ? values : []
  }

  items (name: string): readonly Attributes[] {
    return this.#values(name).flatMap(value => typeof value === 'object' ? attributesOf(value) ?? [] : [])
  }

  bytes (name: string): Uint8Array | undefined {
    const inline = this.#attribute(name)?.InlineBinary
    return inline === undefined ? undefined : new Uint8Array(Buffer.from(inline, 'base64'))
  }

  #numerals (name: string): readonly number[] {
    const bytes = this.bytes(name)
    // PS3.18 F.2.7: little endian
    if (bytes !== undefined) return readNumbers(bytes, this.#attribute(name)?.vr ?? vrOf(tagOf(name) ?? 0) ?? 'UN', true)
    return this.#values(name).map(value => typeof value === 'number' ? value : typeof value === 'string' ? parseDecimal(value) : NaN)
  }

  #values (name: string): readonly JsonValue[] {
    return this.#attribute(name)?.Value ?? []
  }

  #attribute (name: string): JsonAttribute | undefined {
    const tag = tagOf(name)
    if (tag === undefined) return undefined
    const key = tagText(tag).toUpperCase()
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined
  }
}
