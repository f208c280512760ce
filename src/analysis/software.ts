import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SoftwareIdentity } from '../report/report-context.ts'

// package.json and models/ lie two folders above this file, in the sources and in the build alike
const root = new URL('../../', import.meta.url)

/** The version in package.json. */
export function softwareVersion (): string {
  return (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version
}

/** How tuberlens names itself in every object it writes. */
export function softwareIdentity (stationName = 'TUBERLENS'): SoftwareIdentity {
  return { manufacturer: 'tuberlens', modelName: 'tuberlens', version: softwareVersion(), stationName }
}

/** The folder of the model that comes with the program. */
export function shippedModelDir (): string {
  return fileURLToPath(new URL('models/evidence-map', root))
}

/** The folder of the synthetic study that comes with the program. */
export function fixturesDir (): string {
  return fileURLToPath(new URL('fixtures', root))
}
