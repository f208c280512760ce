import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a header shows this bearer token (RFC 6750 2.1), in a time that tells nothing about the token. */
export function showsToken (authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  // an empty file is no secret
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`)) && token !== ''
}
