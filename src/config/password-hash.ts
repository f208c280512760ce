import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

/** 32 MiB and about 0.1 s for each try (OWASP Password Storage: N = 2^15, r = 8, p = 3). */
const cost = { logN: 15, r: 8, p: 3 } as const
const keyBytes = 32
const pattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{43})$/

/** The scrypt hash (RFC 7914) of a password, with its salt and cost, in the PHC string format. */
export async function hashPassword (password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return `$scrypt$ln=${cost.logN},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(key)}`
}

/** Whether the password is the hashed one, in a time that does not depend on it. */
export async function matchesPassword (password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash)
  if (parsed === undefined) return false
  return timingSafeEqual(await derive(password, parsed.salt, parsed.cost), parsed.key)
}

export function isPasswordHash (text: string): boolean { return parse(text) !== undefined }

interface Cost { readonly logN: number, readonly r: number, readonly p: number }

function parse (hash: string): { readonly cost: Cost, readonly salt: Buffer, readonly key: Buffer } | undefined {
  const found = pattern.exec(hash)
  if (found === null) return undefined
  const [logN = 0, r = 0, p = 0] = found.slice(1, 4).map(Number)
  // weaker is no protection, dearer would be a way to stop the service
  if (logN < 14 || logN > 17 || r < 8 || r > 16 || p < 1 || p > 4) return undefined
  return { cost: { logN, r, p }, salt: Buffer.from(found[4]!, 'base64'), key: Buffer.from(found[5]!, 'base64') }
}

/** The same password, however the keyboard composed its letters (RFC 8265: NFC). */
async function derive (password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r }
  return await new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, keyBytes, options, (error, key) => { if (error === null) resolve(key); else reject(error) })
  })
}

function base64 (bytes: Buffer): string { return bytes.toString('base64').replace(/=+$/, '') }
