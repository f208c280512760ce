import t from 'tap'
import { parseWebhookSecrets, webhookHeaders } from '../../src/workflow/webhook-signature.ts'

t.test('the worked example of the Standard Webhooks libraries gives their signature', async t => {
  // test vector of the reference implementations (standard-webhooks/standard-webhooks)
  const secrets = parseWebhookSecrets('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  t.strictSame(webhookHeaders({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' }, secrets), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

t.test('while a secret is replaced there are two signatures', async t => {
  const [one, two] = [24, 64].map(length => `whsec_${Buffer.alloc(length, length).toString('base64')}`)
  const message = { id: 'a', timestampS: 1, body: '{}' }
  const headers = webhookHeaders(message, parseWebhookSecrets(`${one}\n${two}\n`))
  t.equal(headers['webhook-signature'], [one, two].map(secret => webhookHeaders(message, parseWebhookSecrets(secret!))['webhook-signature']).join(' '))
})

t.test('secrets that are none, too short or too long are errors that do not show them', async t => {
  const wrong = ['', 'canary', 'whsec_', `whsec_${Buffer.alloc(23).toString('base64')}`, `whsec_${Buffer.alloc(65).toString('base64')}`, 'whsec_canary!canary!canary!canary!canary!']
  for (const text of wrong) t.throws(() => parseWebhookSecrets(text), { code: 'config-invalid', message: /^must hold whsec_ and 24 to 64 bytes in Base64$/ })
})
