import { type Check, failure, ok, warning } from './check.ts'

/** Seconds that are told, and from which on certificates and tokens may be refused. */
const skew = { warning: 30, failure: 300 }

/**
 * By the Date header of another server (RFC 9110 6.6.1), which is exact to a second.
 * @param here ms since 1970, when it was answered
 */
export function checkClock (id: string, date: string | undefined, here: number): Check {
  const there = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(there)) return ok('clock', `${id} does not tell its time`)
  const seconds = Math.round((here - there) / 1000)
  const found = `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ${id}`
  const todo = 'have both synchronised (NTP)'
  const off = Math.abs(seconds)
  return off > skew.failure ? failure('clock', found, todo) : off > skew.warning ? warning('clock', found, todo) : ok('clock', found)
}
