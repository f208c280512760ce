/** Takes a multipart body apart without the code under test; good for bodies whose parts do not hold the boundary. */
export function readMultipart (body: Buffer, contentType: unknown): { headers: string, content: Buffer }[] {
  const boundary = /boundary="?([^";]+)"?/.exec(String(contentType))?.[1]
  if (boundary === undefined) throw new Error('no boundary')
  const parts: { headers: string, content: Buffer }[] = []
  const delimiter = Buffer.from(`--${boundary}`)
  let at = body.indexOf(delimiter)
  for (;;) {
    const start = at + delimiter.length
    if (body.subarray(start, start + 2).toString() === '--') return parts
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), start)
    if (next < 0) throw new Error('no closing delimiter')
    const part = body.subarray(start + 2, next)
    const blank = part.indexOf('\r\n\r\n')
    parts.push({ headers: part.subarray(0, blank).toString(), content: part.subarray(blank + 4) })
    at = next + 2
  }
}
