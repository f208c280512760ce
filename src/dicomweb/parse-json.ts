import { AppError } from '../errors.ts'

/** Far beyond the 64 sequences within sequences that a data set may have, of three levels each (PS3.18 F.2), and nothing to V8. */
const deepest = 1000

/**
 * The value of a JSON text that comes from outside. V8 takes seconds for one that nests a million deep, and who reads it then would
 * run out of stack. @throws AppError `request-malformed`
 */
export function parseJson (text: string): unknown {
  if (depthOf(text) > deepest) throw new AppError('request-malformed', 'The JSON nests too deep', { limit: deepest })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('request-malformed', 'The body is not JSON', {}, { cause })
  }
}

/** Brackets and braces that are open at a time, at most; those within strings count for nothing. */
function depthOf (text: string): number {
  let [depth, most] = [0, 0]
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (quoted) {
      if (code === 0x5c) i++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x5b || code === 0x7b) most = Math.max(most, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return most
}
