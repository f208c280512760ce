import t from 'tap'
import { soon } from '../../src/service/soon.ts'

t.test('what was asked for several times is done once, a moment later, and again when it is asked for again', async t => {
  // what waits keeps no process alive
  const alive = setInterval(() => undefined, 1000)
  t.teardown(() => { clearInterval(alive) })
  let done = 0
  let tell: () => void = () => undefined
  const look = soon(() => { done++; tell() }, 5)
  const told = async (): Promise<void> => { await new Promise<void>(resolve => { tell = resolve }) }
  for (let i = 0; i < 3; i++) look()
  t.equal(done, 0, 'not at once')
  await told()
  t.equal(done, 1)
  look()
  await told()
  t.equal(done, 2)
})
