import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { main } from '../../src/cli/main.ts'
import { parseClients } from '../../src/config/clients-file.ts'
import { matchesPassword } from '../../src/config/password-hash.ts'
import { certificate } from '../helpers/certificates.ts'

async function credential (args: readonly string[], input?: Readable & { isTTY?: boolean }): Promise<{ code: number, out: string, err: string }> {
  const text = { out: '', err: '' }
  const collect = (name: 'out' | 'err') => new PassThrough().setEncoding('utf8').on('data', (chunk: string) => { text[name] += chunk })
  const io = { stdout: collect('out'), stderr: collect('err'), env: {}, signal: new AbortController().signal, ...(input && { stdin: input }) }
  const code = await main(['credential', ...args], io)
  await new Promise(resolve => setImmediate(resolve))
  return { code, ...text }
}

t.test('a token is printed once, and its hash kept in a file that nobody else reads', async t => {
  const file = join(t.testdir(), 'clients')
  const made = await credential(['token', 'orthanc', '--scopes', 'stow', '--file', file])
  t.equal(made.code, 0)
  const token = made.out.trim()
  t.match(token, /^[\w-]{43}$/)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.strictSame(parseClients(readFileSync(file, 'utf8')), [{ name: 'orthanc', scopes: ['stow'], secret: { kind: 'token', sha256: createHash('sha256').update(token).digest('hex') } }])
  t.notMatch(readFileSync(file, 'utf8'), token)
})

t.test('a password is read from standard input, also at a terminal, and kept as a hash', async t => {
  const file = join(t.testdir({ clients: `orthanc stow token:${'ab'.repeat(32)}` }), 'clients')
  const piped = await credential(['password', 'alice', '--scopes', 'read,admin', '--file', file], Readable.from(['correct horse\nx\n']))
  t.strictSame(piped, { code: 0, out: '', err: '' })
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  const typed = credential(['password', 'bob', '--scopes', 'read', '--file', file], terminal)
  terminal.write('battery staple\r')
  const answer = await typed
  t.equal(answer.code, 0)
  t.match(answer.err, 'Password: ')
  t.notMatch(answer.err + answer.out, 'battery')
  const clients = parseClients(readFileSync(file, 'utf8'))
  t.strictSame(clients.map(({ name, scopes }) => [name, ...scopes]), [['orthanc', 'stow'], ['alice', 'read', 'admin'], ['bob', 'read']])
  const hashes = clients.flatMap(({ secret }) => secret.kind === 'password' ? [secret.hash] : [])
  t.ok(await matchesPassword('correct horse', hashes[0]!))
  t.ok(await matchesPassword('battery staple', hashes[1]!))
})

t.test('a certificate is kept by its SHA-256', async t => {
  const { cert } = certificate('pacs')
  const folder = t.testdir({ cert })
  const file = join(folder, 'clients')
  t.equal((await credential(['certificate', 'pacs', '--scopes', 'stow,read', '--file', file, '--cert', join(folder, 'cert')])).code, 0)
  const [client] = parseClients(readFileSync(file, 'utf8'))
  t.strictSame(client?.secret, { kind: 'certificate', sha256: new X509Certificate(cert).fingerprint256.replace(/:/g, '').toLowerCase() })
})

t.test('what cannot be done is said, and leaves the file as it is', async t => {
  const folder = t.testdir({ clients: 'not a list', cert: 'x' })
  const file = join(folder, 'clients')
  const rest = ['--scopes', 'read', '--file', file]
  for (const [args, code, message] of [
    [['secret', 'a', ...rest], 2, 'needs password, token or certificate'],
    [['token', 'a', 'b', ...rest], 2, 'needs password, token or certificate'],
    [['token', 'a:b', ...rest], 2, 'the name must be'],
    [['token', 'a', '--scopes', 'all', '--file', file], 2, '--scopes must list some of'],
    [['token', 'a', '--scopes', 'read'], 2, '--file is missing'],
    [['token', 'a', ...rest], 78, 'line 1'],
    [['certificate', 'a', ...rest], 2, '--cert is missing'],
    [['certificate', 'a', ...rest, '--cert', join(folder, 'cert')], 3, 'the certificate cannot be read'],
    [['password', 'a', ...rest], 2, 'the password comes from standard input'],
  ] as const) {
    const { code: found, err } = await credential(args)
    t.equal(found, code, args.join(' '))
    t.match(err, message)
  }
  t.match((await credential(['password', 'a', ...rest], Readable.from(['short\n']))).err, 'at least 12 characters')
  t.equal(readFileSync(file, 'utf8'), 'not a list')
  writeFileSync(file, '')
  t.equal((await credential(['token', 'a', ...rest])).code, 0, 'an empty file is filled')
})
