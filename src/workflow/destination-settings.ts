import { z } from 'zod'
import type { DeliverableKind } from '../analysis/deliverable.ts'

/** What a destination may be sent, and what each is. */
export const objectKinds = {
  sr: 'the structured reports',
  summary: 'the page that shows the result of the study',
  'grad-cam': 'heatmaps by Grad-CAM',
  saliency: 'heatmaps by saliency',
  evidence: 'heatmaps of the evidence of models that compute it',
  'parametric-map': 'the maps as numbers, where TUBERLENS_PARAMETRIC_MAPS has them made',
  'key-objects': 'the selection of positive slices, where TUBERLENS_KEY_OBJECT_SELECTION has it made',
  pdf: 'the report as PDF, where TUBERLENS_PDF_REPORT has it made',
  source: 'the images of each analysed series that passes the filter, as they came',
} as const satisfies Record<DeliverableKind | 'source', string>
export type ObjectKind = keyof typeof objectKinds

/** Which studies a destination gets the results of, by the conclusion of the study. */
export const destinationFilters = ['all', 'positive', 'positive-or-undetermined'] as const
export type DestinationFilter = typeof destinationFilters[number]

export type DestinationAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic', readonly username: string, readonly passwordFile: string }
  | { readonly kind: 'bearer', readonly tokenFile: string }
  | {
    readonly kind: 'oauth2'
    readonly tokenUrl: string
    readonly clientId: string
    readonly clientSecretFile: string
    readonly scope?: string | undefined
  }

/** One DICOMweb server that results go to. Secrets are never in it, only the names of their files. */
export interface DestinationSettings {
  readonly id: string
  /** DICOMweb root without a closing slash. */
  readonly url: string
  readonly auth: DestinationAuth
  /** Files in PEM form. */
  readonly tls: Readonly<Partial<Record<'caFile' | 'certFile' | 'keyFile', string | undefined>>>
  readonly filter: DestinationFilter
  readonly objects: readonly ObjectKind[]
  readonly verify: 'qido' | 'wado' | 'none'
  readonly chunked: boolean
  /** Asked for counts, and for what is missing of a series; one destination at most. */
  readonly source: boolean
  readonly maxInstancesPerRequest: number
  readonly maxBytesPerRequest: number
}

/** Everything that is made here, and nothing of what came. */
export const resultKinds: readonly ObjectKind[] = (Object.keys(objectKinds) as ObjectKind[]).filter(kind => kind !== 'source')

const url = z.string('must be a text').refine(isHttpUrl, 'must be an http or https URL without user, password, query and fragment')
const file = z.string('must be a text').min(1, 'must name a file')
const text = z.string('must be a text').min(1, 'must not be empty')
const flag = z.boolean('must be true or false')
const oneOf = (values: readonly string[]) => `must be one of ${values.join(', ')}`
const count = (low: number, high: number) => {
  const message = `must be a whole number from ${low} to ${high}`
  return z.int(message).min(low, message).max(high, message)
}
const kinds = Object.keys(objectKinds) as [ObjectKind, ...ObjectKind[]]
const authKinds = ['none', 'basic', 'bearer', 'oauth2'] as const

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('basic'), username: text.regex(/^[^:]+$/, 'must not hold a colon'), passwordFile: file }),
  z.strictObject({ kind: z.literal('bearer'), tokenFile: file }),
  z.strictObject({ kind: z.literal('oauth2'), tokenUrl: url, clientId: text, clientSecretFile: file, scope: text.optional() }),
], `must have a kind that is one of ${authKinds.join(', ')}`)

const destinationSchema = z.strictObject({
  id: z.string('must be a text').regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 small letters, digits and hyphens'),
  url: url.transform(root => root.replace(/\/+$/, '')),
  auth: authSchema.default({ kind: 'none' }),
  tls: z.strictObject({ caFile: file.optional(), certFile: file.optional(), keyFile: file.optional() }, 'must be an object').default({}),
  filter: z.enum(destinationFilters, oneOf(destinationFilters)).default('all'),
  objects: z.array(z.enum(kinds, oneOf(kinds)), 'must be a list').min(1, 'must not be empty').default([...resultKinds]),
  verify: z.enum(['qido', 'wado', 'none'], oneOf(['qido', 'wado', 'none'])).default('qido'),
  chunked: flag.default(false),
  source: flag.default(false),
  maxInstancesPerRequest: count(1, 10_000).default(20),
  maxBytesPerRequest: count(1, 2 ** 40).default(50 * 2 ** 20),
}, { error: issue => issue.code === 'unrecognized_keys' ? `has unknown names: ${issue.keys.join(', ')}` : 'must be an object' })

/** The file of destinations: a list, checked as a whole. */
export const destinationsSchema: z.ZodType<readonly DestinationSettings[]> = z.array(destinationSchema, 'must hold a list of destinations')
  .min(1, 'must hold at least one destination').superRefine((destinations, context) => {
    const say = (path: (string | number)[], message: string) => { context.addIssue({ code: 'custom', path, message }) }
    destinations.forEach(({ id, tls, source, objects, url: root, auth }, i) => {
      if (destinations.findIndex(other => other.id === id) < i) say([i, 'id'], 'is used twice')
      if (source && destinations.findIndex(other => other.source) < i) say([i, 'source'], 'may be true of one destination only')
      if (source && objects.includes('source')) say([i, 'objects'], 'must not list source where the images come from')
      if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) say([i, 'tls'], 'needs certFile and keyFile together')
      const secure = root.startsWith('https:') || (auth.kind === 'oauth2' && auth.tokenUrl.startsWith('https:'))
      if (!secure && Object.keys(tls).length > 0) say([i, 'tls'], 'has no meaning for an http URL')
    })
  })

/** As a line of an error: `[0].auth.passwordFile must name a file`; never a value. */
export function issueText ({ path, message }: { readonly path: readonly PropertyKey[], readonly message: string }): string {
  const where = path.map(step => typeof step === 'number' ? `[${step}]` : `.${String(step)}`).join('').replace(/^\./, '')
  return where === '' ? message : `${where} ${message}`
}

function isHttpUrl (value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return (protocol === 'http:' || protocol === 'https:') && [username, password, search, hash].every(part => part === '')
}
