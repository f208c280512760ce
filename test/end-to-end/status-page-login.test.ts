import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import t from 'tap'
import { requireTool, toolPath } from '../helpers/tools.ts'
import { authenticatorOf, basic, password } from '../service/support/credentials.ts'
import { listen } from '../service/support/exchange.ts'
import { queued } from '../service/support/queued-job.ts'
import { testService } from '../service/support/test-service.ts'

t.test('a browser asks for the password, and gives it to no page of another site', async t => {
  if (!requireTool(t, 'chromium')) return
  const guarded = await testService(t, await authenticatorOf(t, ['basic']))
  // as if a PACS had stored it
  const { id } = await queued({ ...guarded, store: (body: Buffer) => guarded.store(body, { headers: { authorization: basic('stow') } }) })
  const origin = `http://127.0.0.1:${await listen(guarded)}`
  const browser = await chromium.launch({ executablePath: toolPath('chromium'), args: ['--no-sandbox', '--disable-gpu'] })
  t.teardown(async () => { await browser.close() })
  const as = async (username?: string) => {
    const context = await browser.newContext({ javaScriptEnabled: false, ...(username !== undefined && { httpCredentials: { username, password } }) })
    t.teardown(async () => { await context.close() })
    return await context.newPage()
  }
  await t.rejects((await as()).goto(`${origin}/status`), /ERR_INVALID_AUTH_CREDENTIALS/, 'asked for a password, which nobody types here')
  // a page of its own: the browser is still on its way to the error page of the other one
  t.equal((await (await as()).goto(`${origin}/livez`))?.status(), 200)

  const reader = await as('read')
  t.equal((await reader.goto(`${origin}/status/jobs/${id}`))?.status(), 200)
  const [refused] = await Promise.all([reader.waitForResponse(response => response.request().method() === 'POST'), reader.getByRole('button', { name: 'Cancel' }).click()])
  t.equal(refused.status(), 403)
  t.match(await reader.locator('body').innerText(), 'The credentials do not include the scope admin')

  // a page elsewhere with a form of the same kind, in the browser of one who is logged in
  const evil = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<form method="post" action="${origin}/status/jobs/${id}/cancel"><button>Win</button></form>`)
  }).listen(0, 'localhost')
  await once(evil, 'listening')
  t.teardown(() => { evil.closeAllConnections(); evil.close() })
  const victim = await as('all')
  t.equal((await victim.goto(`${origin}/status/jobs/${id}`))?.status(), 200)
  await victim.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`)
  const [forged] = await Promise.all([victim.waitForResponse(response => response.request().method() === 'POST'), victim.getByRole('button').click()])
  t.equal(forged.status(), 403)
  t.equal(guarded.archive.jobs.get(id)?.state, 'QUEUED')

  await victim.goto(`${origin}/status/jobs/${id}`)
  await Promise.all([victim.waitForURL(/done=cancel/), victim.getByRole('button', { name: 'Cancel' }).click()])
  t.equal(guarded.archive.jobs.get(id)?.state, 'CANCELED', 'who may, can')
})
