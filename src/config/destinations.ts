import { readFileSync } from 'node:fs'
import { checkDestinationFiles } from '../workflow/connect-destination.ts'
import { destinationsSchema, issueText } from '../workflow/destination-settings.ts'
import type { DestinationAuth, DestinationSettings } from '../workflow/destination-settings.ts'

/** The variables that say where results go, without their prefix, each checked by itself. */
export interface DestinationVariables {
  readonly DESTINATIONS_FILE?: string | undefined
  readonly PACS_URL?: string | undefined
  readonly PACS_USER?: string | undefined
  readonly PACS_PASSWORD_FILE?: string | undefined
  readonly PACS_TOKEN_FILE?: string | undefined
  readonly PACS_CHUNKED: boolean
  readonly PACS_VERIFY: 'qido' | 'wado' | 'none'
}

const prefix = 'TUBERLENS_'

/** From the file of destinations, or the one that the PACS_ variables give. Adds to the problems, never a value. */
export function destinationsOf (values: DestinationVariables, problems: string[]): readonly DestinationSettings[] {
  const path = values.DESTINATIONS_FILE
  if (path === undefined) return pacsOf(values, problems)
  for (const name of ['PACS_URL', 'PACS_USER', 'PACS_PASSWORD_FILE', 'PACS_TOKEN_FILE'] as const) {
    if (values[name] !== undefined) problems.push(`${prefix}DESTINATIONS_FILE excludes ${prefix}${name}`)
  }
  const say = (text: string): void => { problems.push(`${prefix}DESTINATIONS_FILE ${text}`) }
  const content = readText(path)
  if (content === undefined) say('names a file that cannot be read')
  const json = content === undefined ? undefined : parseJson(content)
  if (json === undefined) {
    if (content !== undefined) say('is not JSON')
    return []
  }
  const parsed = destinationsSchema.safeParse(json.value)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) say(issueText(issue))
    return []
  }
  parsed.data.forEach((destination, i) => { for (const problem of checkDestinationFiles(destination)) say(`[${i}].${problem}`) })
  return parsed.data
}

function readText (path: string): string | undefined {
  try { return readFileSync(path, 'utf8') } catch { return undefined }
}

function parseJson (text: string): { readonly value: unknown } | undefined {
  try { return { value: JSON.parse(text) } } catch { return undefined }
}

/** The short form: one destination, everything that is made here, also the source. */
function pacsOf (values: DestinationVariables, problems: string[]): DestinationSettings[] {
  const { PACS_URL: url, PACS_USER: username, PACS_PASSWORD_FILE: passwordFile, PACS_TOKEN_FILE: tokenFile } = values
  if ((username === undefined) !== (passwordFile === undefined)) problems.push('TUBERLENS_PACS_USER and TUBERLENS_PACS_PASSWORD_FILE go together')
  if (username !== undefined && tokenFile !== undefined) problems.push('TUBERLENS_PACS_TOKEN_FILE excludes TUBERLENS_PACS_USER')
  if (url === undefined) {
    if (username !== undefined || tokenFile !== undefined) problems.push('TUBERLENS_PACS_URL is missing: credentials are given without it')
    return []
  }
  const auth: DestinationAuth = username !== undefined && passwordFile !== undefined
    ? { kind: 'basic', username, passwordFile }
    : tokenFile !== undefined ? { kind: 'bearer', tokenFile } : { kind: 'none' }
  const parsed = destinationsSchema.parse([{ id: 'pacs', url, auth, source: true, chunked: values.PACS_CHUNKED, verify: values.PACS_VERIFY }])
  for (const destination of parsed) {
    for (const problem of checkDestinationFiles(destination)) {
      problems.push(problem.replace('auth.passwordFile', `${prefix}PACS_PASSWORD_FILE`).replace('auth.tokenFile', `${prefix}PACS_TOKEN_FILE`))
    }
  }
  return [...parsed]
}
