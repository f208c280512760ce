import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { search } from '../../src/dicomweb/qido-client.ts'
import { checkDestinationFiles, connectDestination } from '../../src/workflow/connect-destination.ts'
import { destinationsSchema } from '../../src/workflow/destination-settings.ts'
import { temporaryFolder } from '../helpers/archive.ts'
import { certificate } from '../helpers/certificates.ts'

interface Owner { teardown: (action: () => unknown) => unknown }

/** A PACS that takes only `authorization`, and a token server; which tokens it gave. */
async function scene (t: Owner, accepted: (authorization: string | undefined) => boolean) {
  const seen: IncomingHttpHeaders[] = []
  let tokens = 0
  const listener = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/token') {
        response.end(JSON.stringify({ access_token: `token-${++tokens}`, token_type: 'Bearer', expires_in: 3600 }))
        return
      }
      seen.push(request.headers)
      response.writeHead(accepted(request.headers.authorization) ? 200 : 401).end('[]')
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.closeAllConnections(); listener.close() })
  const folder = temporaryFolder(t)
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const connect = (auth: object) => {
    const [settings] = destinationsSchema.parse([{ id: 'a', url, auth }])
    const destination = connectDestination(settings!)
    t.teardown(async () => { await destination.close() })
    return destination
  }
  return { seen, file, connect, url, tokens: () => tokens }
}
const ask = async (destination: ReturnType<typeof connectDestination>) => await search(destination, 'studies', {})

t.test('nothing is sent where nothing is configured', async t => {
  const { connect, seen } = await scene(t, authorization => authorization === undefined)
  t.strictSame(await ask(connect({ kind: 'none' })), [])
  t.notHas(seen[0], 'authorization')
})

t.test('passwords and tokens are read again for each request', async t => {
  let good = `Basic ${Buffer.from('tuber:first').toString('base64')}`
  const { connect, file } = await scene(t, authorization => authorization === good)
  const passwordFile = file('password', 'first\n')
  const basic = connect({ kind: 'basic', username: 'tuber', passwordFile })
  t.strictSame(await ask(basic), [])
  good = `Basic ${Buffer.from('tuber:zweitens').toString('base64')}`
  await t.rejects(ask(basic), { code: 'remote-refused', facts: { status: 401 } })
  file('password', 'zweitens')
  t.strictSame(await ask(basic), [])
  good = 'Bearer abc'
  t.strictSame(await ask(connect({ kind: 'bearer', tokenFile: file('token', 'abc\n') })), [])
  file('password', '')
  await t.rejects(ask(basic), { code: 'remote-unreachable', message: /the secret cannot be read/ })
})

t.test('a token that is refused is fetched again, once', async t => {
  let good = 'Bearer token-1'
  const { connect, file, url, seen, tokens } = await scene(t, authorization => authorization === good)
  const destination = connect({ kind: 'oauth2', tokenUrl: `${url}/token`, clientId: 'id', clientSecretFile: file('secret', 'x') })
  await ask(destination)
  await ask(destination)
  t.equal(tokens(), 1)
  good = 'Bearer token-2'
  t.strictSame(await ask(destination), [])
  t.equal(tokens(), 2)
  good = 'Bearer never'
  const before = seen.length
  await t.rejects(ask(destination), { code: 'remote-refused', facts: { status: 401 } })
  t.equal(seen.length - before, 2)
})

t.test('files of certificates are checked, and never shown', async t => {
  const { file } = await scene(t, () => true)
  const [ours, other] = [certificate('a'), certificate('b')]
  const check = (tls: object) => checkDestinationFiles(destinationsSchema.parse([{ id: 'a', url: 'https://a.example', tls }])[0]!)
  const [certFile, keyFile] = [file('cert', ours.cert), file('key', ours.key)]
  t.strictSame(check({ caFile: certFile, certFile, keyFile }), [])
  const wrong = ['tls names files that are not certificates and their key in PEM form']
  t.strictSame(check({ certFile, keyFile: file('other', other.key) }), wrong, 'a key that does not belong to it')
  t.strictSame(check({ caFile: keyFile }), wrong)
  t.strictSame(check({ caFile: `${certFile}.absent` }), ['tls.caFile names a file that cannot be read'])
  t.strictSame(check({ caFile: file('empty', '\n') }), ['tls.caFile names an empty file'])
  const [settings] = destinationsSchema.parse([{ id: 'a', url: 'https://a.example', tls: { caFile: keyFile } }])
  t.throws(() => connectDestination(settings!), { code: 'config-invalid' })
})
