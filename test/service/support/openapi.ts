import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

type Json = Readonly<Record<string, unknown>>

/** The hand-written description of the service, its references not resolved. */
export const openapi = parse(readFileSync(resolve(import.meta.dirname, '../../../openapi.yaml'), 'utf8'), { merge: true }) as Json & {
  readonly paths: Readonly<Record<string, Json>>
}

const ajv = new Ajv2020({ strict: false, formats: { uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ } })
ajv.addSchema(openapi, 'openapi.yaml')

function resolveReference (node: unknown): Json {
  const reference = (node as Json)['$ref']
  if (typeof reference !== 'string') return node as Json
  return reference.slice(2).split('/').reduce<unknown>((at, key) => (at as Json)[key], openapi) as Json
}

/** The template of openapi.yaml that a URL belongs to. The last parameter may hold slashes. */
export function pathOf (url: string): string | undefined {
  const path = url.replace(/^https?:\/\/[^/]+/, '').replace(/\?.*/, '').replace(/(.)\/$/, '$1')
  const fits = Object.keys(openapi.paths).filter(template => {
    const pattern = template.replace(/\{path\}$/, '.+').replace(/\{\w+\}/g, '[^/]+')
    return new RegExp(`^${pattern}$`).test(path)
  })
  // literal segments win over parameters, as in the router
  return fits.sort((a, b) => a.split('{').length - b.split('{').length)[0]
}

/** What of a response openapi.yaml does not allow, as a sentence; `undefined` when it agrees. */
export function disagreement (
  method: string, url: string, response: { statusCode: number, headers: Readonly<Record<string, unknown>>, rawPayload: Buffer },
): string | undefined {
  const template = pathOf(url)
  if (template === undefined) return response.statusCode === 404 ? undefined : `${method} ${url} is not in openapi.yaml`
  const where = `${method} ${template} ${response.statusCode}`
  const operation = openapi.paths[template]![method.toLowerCase()]
  if (operation === undefined) return response.statusCode === 404 ? undefined : `${where}: the method is not in openapi.yaml`
  const documented = ((operation as Json)['responses'] as Json)[String(response.statusCode)]
  if (documented === undefined) return `${where}: the status is not in openapi.yaml: ${response.rawPayload.toString().slice(0, 200)}`
  const content = resolveReference(documented)['content'] as Json | undefined
  const type = [response.headers['content-type']].join().split(';')[0]!.trim()
  if (content === undefined) return response.rawPayload.length === 0 ? undefined : `${where} has a body`
  if (!(type in content)) return `${where}: ${type} is not among its media types`
  const schema = (content[type] as Json)['schema']
  if (schema === undefined || !type.endsWith('json')) return undefined
  const validate = ajv.compile({ $ref: `openapi.yaml${((schema as Json)['$ref'] as string)}` })
  return validate(JSON.parse(response.rawPayload.toString())) ? undefined : `${where}: ${ajv.errorsText(validate.errors)}`
}
