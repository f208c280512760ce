import t from 'tap'
import { checkWebhook } from '../../../src/service/doctor/check-webhook.ts'
import { certificate } from '../../helpers/certificates.ts'
import { freePort } from '../../helpers/orthanc.ts'
import { stubPacs } from './stub-pacs.ts'

const look = async (url: string) => await checkWebhook({ url, secretFile: '/run/secrets/webhook' }, Date.now())

t.test('the server of a webhook that takes a connection is in order, and gets no message', async t => {
  const asked: unknown[] = []
  const url = await stubPacs(t, request => { asked.push(request.url) })
  t.match(await look(url), [{ area: 'webhook', state: 'ok', found: /no message was sent/ }, { state: 'warning', found: /plain HTTP/ }])
  t.strictSame(asked, [])
  t.strictSame(await checkWebhook(undefined, Date.now()), [])
})

t.test('a server that cannot be reached, or is not trusted, is told without the secret path', async t => {
  const secure = await stubPacs(t, () => undefined, certificate('hook', { issuer: certificate('CA') }))
  const checks = [...await look(`${secure}/secret-path`), ...await look(`http://127.0.0.1:${await freePort()}/secret-path`)]
  t.match(checks, [
    { state: 'failure', found: /not trusted/, todo: /NODE_EXTRA_CA_CERTS/ }, { state: 'warning', found: /valid until/ },
    { state: 'failure', found: /no connection/, todo: /TUBERLENS_WEBHOOK_URL/ },
  ])
  t.notMatch(JSON.stringify(checks), 'secret-path')
})
