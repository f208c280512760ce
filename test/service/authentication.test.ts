import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import { hashPassword, matchesPassword } from '../../src/config/password-hash.ts'
import { AttemptLimit } from '../../src/service/access/attempt-limit.ts'
import { PasswordCheck } from '../../src/service/access/password-check.ts'
import { TokenIssuer } from '../../src/service/access/token-issuer.ts'
import { WatchedFile } from '../../src/service/access/watched-file.ts'
import { authenticatorOf, basic, clientLines, issuer, oidc, password, scopes, sha256, tokenOf } from './support/credentials.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { multipartType } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

t.test('an answer 401 says how to show who one is; 403 which scope is missing', async t => {
  const { jwk, token } = await issuer()
  const every = await testService(t, await authenticatorOf(t, ['basic', 'bearer', 'oidc'], { jwk }))
  const none = await every.inject({ url: '/dicom-web/studies' })
  t.strictSame(none.headers['www-authenticate'], ['Basic realm="tuberlens", charset="UTF-8"', 'Bearer realm="tuberlens"'])
  t.match(none.json(), { status: 401, code: 'unauthorized', detail: 'The request shows no credentials that are known here' })
  const wrong = await every.inject({ url: '/dicom-web/studies', headers: { authorization: 'Bearer x' } })
  t.match(wrong.headers['www-authenticate'], ['Basic', 'Bearer realm="tuberlens", error="invalid_token"'])
  const lacking = await every.inject({ method: 'DELETE', url: '/api/v1/studies/1.2.3', headers: { authorization: `Bearer ${await token({ scope: 'tubers:read' })}` } })
  t.match(lacking.json(), { status: 403, code: 'forbidden', detail: 'The credentials do not include the scope admin' })
  t.equal(lacking.headers['www-authenticate'], 'Bearer realm="tuberlens", error="insufficient_scope", scope="admin"')
  const page = await every.inject({ url: '/status' })
  t.match(page.headers['content-type'], 'text/html')
  t.equal((await every.inject({ url: '/status', headers: { authorization: basic('read') } })).statusCode, 200, 'a browser asks for the password and has the page')
  const mtls = await testService(t, await authenticatorOf(t, ['mtls']))
  t.strictSame((await mtls.inject({ url: '/wado' })).headers['www-authenticate'], ['Client-Certificate realm="tuberlens"'])
})

t.test('nothing of a body is read before the credentials are known to be right', async t => {
  const service = await testService(t, await authenticatorOf(t, ['bearer']))
  const port = await listen(service)
  for (const length of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
    const answer = readAnswer(await exchange(port, [`POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: ${multipartType}\r\n${length}\r\n\r\n`]))
    t.equal(answer.status, 401, 'although no byte of it came')
    t.match(answer.headers, /^connection: close/im)
  }
  t.strictSame(service.temporaryFiles(), [])
})

t.test('the file of clients is read again when it changes; what is wrong in it changes nothing', async t => {
  let clock = 0
  const failures: string[] = []
  const { access, write } = await authenticatorOf(t, ['basic', 'bearer'], { now: () => clock, onFailure: error => { failures.push(error.message) } })
  const service = await testService(t, { access })
  const ask = async (authorization: string) => (await service.inject({ url: '/dicom-web/studies', headers: { authorization } })).statusCode
  t.equal(await ask(basic('read')), 204)
  write(`viewer read token:${sha256('new')}\n`)
  t.equal(await ask('Bearer new'), 401, 'looked at once a second at most')
  clock += 1001
  t.equal(await ask('Bearer new'), 204)
  t.equal(await ask(basic('read')), 401, 'a password that was right is not remembered beyond its file')
  write('canary')
  clock += 1001
  t.equal(await ask('Bearer new'), 204)
  clock += 1001
  t.equal(await ask('Bearer new'), 204)
  t.strictSame(failures, ['line 1 is not a name, scopes and a secret'], 'told once')
})

t.test('after ten failures of an address its passwords are not looked at for a minute; those known to be right are', async t => {
  let clock = 0
  const audit: AuditEvent[] = []
  const { access } = await authenticatorOf(t, ['basic', 'bearer'], { now: () => clock })
  const service = await testService(t, { access, audit: { record: async event => { audit.push(event) } } })
  const ask = async (authorization: string, remoteAddress = '10.0.0.1') => await service.inject({ url: '/dicom-web/studies', headers: { authorization }, remoteAddress })
  t.equal((await ask(basic('read'))).statusCode, 204)
  for (let i = 0; i < 10; i++) t.equal((await ask('Bearer guess-canary')).statusCode, 401)
  const locked = await ask(basic('stow'))
  t.equal(locked.statusCode, 429, 'right or wrong')
  t.equal(locked.headers['retry-after'], '60')
  t.equal((await ask('Bearer guess-canary')).statusCode, 429)
  t.equal((await ask(basic('read'))).statusCode, 204, 'who was right before is not shut out')
  t.equal((await ask(`Bearer ${tokenOf('read')}`)).statusCode, 204, 'a token cannot be guessed')
  t.equal((await ask(basic('stow'), '10.0.0.2')).statusCode, 403, 'another address')
  clock += 60_000
  t.equal((await ask(basic('stow'))).statusCode, 403)
  await new Promise(resolve => setImmediate(resolve))
  const [login] = audit
  t.match(login, { code: 110114, action: 'login', outcome: 0, user: 'read', source: '10.0.0.1', facts: { method: 'basic' } })
  t.equal(audit.filter(event => event.action === 'login' && event.user === 'read').length, 1, 'not for each request')
  t.match(audit.find(({ code }) => code === 110112), { user: 'read', source: '10.0.0.1' })
  t.match(audit.filter(event => event.outcome === 4 && event.code === 110114).length, 10)
  t.match(audit.find(({ action }) => action === 'too-many-attempts'), { code: 110113, outcome: 8 })
  t.match(audit.find(event => event.code === 110113 && event.outcome === 4), { user: 'stow', facts: { status: 403 } })
  t.notMatch(JSON.stringify(audit) + service.log(), /guess-canary|correct horse/)
})

t.test('refusals of one address do not fill the trail', async t => {
  const audit: AuditEvent[] = []
  const service = await testService(t, { ...await authenticatorOf(t, ['bearer']), audit: { record: async event => { audit.push(event) } } })
  for (let i = 0; i < 30; i++) await service.inject({ url: '/dicom-web/studies', remoteAddress: '10.0.0.1' })
  await service.inject({ url: '/dicom-web/studies', remoteAddress: '10.0.0.2' })
  await new Promise(resolve => setImmediate(resolve))
  t.equal(audit.length, 21)
  t.match(audit[19], { code: 110113, action: 'refusals', outcome: 8 })
})

t.test('passwords are hashed with salt, and compared however their letters are composed', async t => {
  const hash = await hashPassword('pässword')
  t.match(hash, /^\$scrypt\$ln=15,r=8,p=3\$/)
  t.not(hash, await hashPassword('pässword'))
  t.ok(await matchesPassword('pa\u0308ssword', hash))
  t.notOk(await matchesPassword('password', hash))
  // RFC 7914 12: N = 16384, r = 8, p = 1, the first 32 of 64 bytes are those of a key of 32
  const known = `$scrypt$ln=14,r=8,p=1$${Buffer.from('SodiumChloride').toString('base64').replace(/=/g, '')}$${Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex').toString('base64').replace(/=/g, '')}`
  t.ok(await matchesPassword('pleaseletmein', known))
  for (const bad of ['', 'plain', '$scrypt$ln=10,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$' + 'A'.repeat(43), '$scrypt$ln=20,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$' + 'A'.repeat(43)]) t.notOk(await matchesPassword('x', bad), bad)
})

t.test('few passwords are hashed at a time, and what is right is hashed once', async t => {
  let clock = 0
  const ends: (() => void)[] = []
  const clients = [{ name: 'a', scopes: ['read'] as const, secret: { kind: 'password', hash: 'h' } as const }]
  const check = new PasswordCheck(() => clients, () => clock, async given => { await new Promise<void>(resolve => ends.push(resolve)); return given === 'right' })
  const waiting = Array.from({ length: 32 }, (_, i) => check.verify('a', i === 31 ? 'right' : `wrong-${i}`))
  await new Promise(resolve => setImmediate(resolve))
  t.equal(ends.length, 2)
  await t.rejects(check.verify('a', 'another'), { code: 'too-many-requests' })
  const all = Promise.all(waiting)
  for (let i = 0; i < 32; i++) {
    ends[i]!()
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal((await all).filter(found => found !== undefined).length, 1)
  t.equal((await check.verify('a', 'right'))?.name, 'a')
  t.equal(ends.length, 32, 'remembered')
  clock += 300_000
  t.equal(check.known('a', 'right'), undefined)
  const absent = check.verify('nobody', 'right')
  while (ends.length < 33) await new Promise(resolve => setTimeout(resolve, 20))
  ends[32]!()
  t.equal(await absent, undefined, 'an unknown name takes as long')
})

t.test('addresses are counted apart, those of one IPv6 network together', async t => {
  let clock = 0
  const limit = new AttemptLimit(2, 1000, () => clock)
  for (const [address, count] of [['10.0.0.1', 1], ['10.0.0.2', 1], ['10.0.0.1', 2], ['2001:db8::1', 1], ['2001:db8:0:0:1::2', 2], ['2001:db8:0:1::1', 1], ['::1', 1], ['::ffff:10.0.0.9', 1], ['::ffff:10.0.0.8', 1], ['fe80::1%eth0', 1], ['1:2:3:4:5:6:7:8', 1]] as const) {
    t.equal(limit.count(address), count, address)
  }
  t.equal(limit.waitS('10.0.0.1'), 1)
  t.equal(limit.waitS('10.0.0.2'), 0)
  clock += 1000
  t.equal(limit.waitS('10.0.0.1'), 0)
  t.equal(limit.count('10.0.0.1'), 1)
  for (let i = 0; i < 10_001; i++) limit.count(`client-${i}`)
  t.equal(limit.count('client-0'), 1, 'the oldest is forgotten')
})

t.test('the keys of an issuer are fetched, kept, and fetched again for a new key; redirects are not followed', async t => {
  const first = await issuer()
  const second = await issuer()
  const state = { keys: [first.jwk], asked: 0, status: 200 }
  const server = createServer((request, response) => {
    state.asked++
    if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end()
    else response.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: state.keys }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const at = (path: string) => ({ ...oidc, jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}` })
  const tokens = new TokenIssuer(at('/keys'))
  t.match(await tokens.verify(await first.token({ sub: 'u s er' })), { name: 'u?s?er', method: 'oidc' })
  await tokens.verify(await first.token())
  t.equal(state.asked, 1)
  state.keys = [first.jwk, { ...second.jwk, kid: 'two' }]
  t.equal(await tokens.verify(await second.token({}, { kid: 'two' })), undefined, 'within half a minute it is not asked for anew')
  t.equal(state.asked, 1)
  const fresh = new TokenIssuer(at('/keys'))
  t.match(await fresh.verify(await second.token({}, { kid: 'two' })), { name: 'user-1' })
  await t.rejects(new TokenIssuer(at('/moved')).verify(await first.token()), { code: 'out-of-resources' })
  state.status = 500
  await t.rejects(new TokenIssuer(at('/keys')).verify(await first.token()), { code: 'out-of-resources' })
})

t.test('a clock may differ a little; the claim of scopes may be a list, and lie in objects', async t => {
  const { jwk, token } = await issuer()
  const keys = async () => jwk as never
  const seconds = Math.floor(Date.now() / 1000)
  t.ok(await new TokenIssuer(oidc, { keys }).verify(await token({ exp: seconds - 20 })))
  const nested = { ...oidc, scopeClaim: 'realm_access.roles' }
  const scopesOf = async (settings: typeof oidc, claims: object) => [...(await new TokenIssuer(settings, { keys }).verify(await token({ scope: '', ...claims })))?.scopes ?? []]
  t.strictSame(await scopesOf(nested, { realm_access: { roles: ['tubers:stow', 'x'] } }), ['stow'])
  t.strictSame(await scopesOf(nested, { realm_access: 'tubers:stow' }), [])
  t.strictSame(await scopesOf(oidc, { scope: 7 }), [])
  t.strictSame(await scopesOf({ ...oidc, scopeClaim: 'https://x.example/roles' }, { 'https://x.example/roles': ['tubers:admin'] }), ['admin'])
})

t.test('a file that is gone is told of, and what it held stays', async t => {
  let clock = 0
  const errors: string[] = []
  const folder = t.testdir({ file: 'a' })
  const file = new WatchedFile(`${folder}/file`, text => text, error => { errors.push(error.code) }, () => clock)
  t.throws(() => new WatchedFile(`${folder}/none`, text => text, () => undefined), { code: 'config-invalid' })
  ;(await import('node:fs')).rmSync(`${folder}/file`)
  clock += 2000
  t.equal(file.value, 'a')
  t.strictSame(errors, ['config-invalid'])
  t.ok((await clientLines()).includes(scopes[0]))
  t.ok(password.includes(':'), 'a password may hold a colon')
})
