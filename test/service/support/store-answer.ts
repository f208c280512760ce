import type { LightMyRequestResponse } from 'fastify'

interface Item { readonly [tag: string]: { readonly Value?: readonly unknown[] } | undefined }
interface StoreAnswer { readonly [tag: string]: { readonly vr: string, readonly Value?: readonly Item[] } | undefined }

/** The items of a sequence of a Store Instances Response. */
export function itemsIn (response: LightMyRequestResponse, sequence: string): readonly Item[] {
  return response.json<StoreAnswer>()[sequence]?.Value ?? []
}

/** FailureReasons, in order. */
export function reasonsIn (response: LightMyRequestResponse, sequence: '00081198' | '0008119A'): unknown[] {
  return itemsIn(response, sequence).map(item => item['00081197']?.Value?.[0])
}

/** SOP Instance UIDs of what was stored, in order. */
export function storedIn (response: LightMyRequestResponse): unknown[] {
  return itemsIn(response, '00081199').map(item => item['00081155']?.Value?.[0])
}

/** WarningReasons of what was stored, in order; `undefined` for none. */
export function warningsIn (response: LightMyRequestResponse): unknown[] {
  return itemsIn(response, '00081199').map(item => item['00081196']?.Value?.[0])
}
