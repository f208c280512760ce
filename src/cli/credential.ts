import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { clientName, parseClients } from '../config/clients-file.ts'
import { hashPassword } from '../config/password-hash.ts'
import { isScope, scopes } from '../config/scope.ts'
import { AppError } from '../errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens credential password    NAME --scopes LIST --file FILE
       tuberlens credential token       NAME --scopes LIST --file FILE
       tuberlens credential certificate NAME --scopes LIST --file FILE --cert PEM

Adds a client to the file of TUBERLENS_CLIENTS_FILE, which a running service reads again by itself.
password     asks for the password of a person, or reads it from standard input; its scrypt hash is kept
token        makes a token for a program and prints it, once; its SHA-256 is kept
certificate  keeps the SHA-256 of a client certificate

  --scopes LIST  some of ${scopes.join(', ')}, separated by commas; none includes another
  --file FILE    made with mode 0600 where it is not there
  --cert PEM     the certificate

To take a client away, remove its line. A name may have several lines while a secret is replaced.
`

const minPassword = 12

export async function run (args: string[], io: CliIo): Promise<number> {
  const options = { scopes: { type: 'string' }, file: { type: 'string' }, cert: { type: 'string' } } as const
  const { positionals, values } = parseOptions(() => parseArgs({ args, allowPositionals: true, options }))
  const [kind = '', name = '', ...more] = positionals
  const { scopes: list = '', file } = values
  if (!['password', 'token', 'certificate'].includes(kind) || more.length > 0) throw new AppError('usage', 'credential needs password, token or certificate, and a name')
  if (!clientName.test(name)) throw new AppError('usage', 'the name must be 1 to 64 letters, digits, dots, hyphens, underscores and @')
  if (!list.split(',').every(isScope)) throw new AppError('usage', `--scopes must list some of ${scopes.join(', ')}`)
  if (file === undefined) throw new AppError('usage', '--file is missing')
  const token = kind === 'token' ? randomBytes(32).toString('base64url') : undefined
  const secret = kind === 'password'
    ? await hashPassword(await passwordOf(io))
    : kind === 'certificate' ? fingerprint(values.cert) : createHash('sha256').update(token ?? '').digest('hex')
  append(file, `${name} ${list} ${kind}:${secret}\n`)
  if (token !== undefined) io.stdout.write(`${token}\n`)
  return exitCodes.ok.code
}

/** @throws AppError `config-invalid` when what is in the file is no list of clients */
function append (path: string, line: string): void {
  if (!existsSync(path)) {
    writeFileSync(path, line, { mode: 0o600 })
    return
  }
  const text = readFileSync(path, 'utf8')
  const separator = text === '' || text.endsWith('\n') ? '' : '\n'
  parseClients(text + separator + line)
  appendFileSync(path, separator + line)
}

function fingerprint (path: string | undefined): string {
  if (path === undefined) throw new AppError('usage', '--cert is missing')
  try {
    return new X509Certificate(readFileSync(path)).fingerprint256.replace(/:/g, '').toLowerCase()
  } catch (cause) {
    throw new AppError('input-unreadable', 'the certificate cannot be read', {}, { cause })
  }
}

/** The first line of standard input; at a terminal it is asked for and not shown. */
async function passwordOf ({ stdin, stderr }: CliIo): Promise<string> {
  if (stdin === undefined) throw new AppError('usage', 'the password comes from standard input')
  const terminal = stdin.isTTY === true
  if (terminal) stderr.write('Password: ')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => { done() } })
  const lines = createInterface({ input: stdin, output: nowhere, terminal })
  const password = await new Promise<string>(resolve => { lines.once('line', resolve).once('close', () => { resolve('') }) })
  lines.close()
  if (terminal) stderr.write('\n')
  if (password.length < minPassword) throw new AppError('usage', `the password must have at least ${minPassword} characters`)
  return password
}
