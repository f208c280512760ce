import t from 'tap'
import { Background } from '../../src/analysis/background.ts'

t.test('no more than so much runs at a time, and the end waits for all of it', async t => {
  const background = new Background(2)
  let running = 0
  let most = 0
  let done = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, 5))
    running--
    done++
  }
  for (let i = 0; i < 7; i++) await background.add(work)
  t.ok(done >= 5, 'the caller waited for room')
  await background.end()
  t.strictSame([done, most], [7, 2])
})

t.test('the first failure is told to who adds, or at the end, once the others are done', async t => {
  const background = new Background(2)
  let finished = false
  await background.add(async () => { await Promise.reject(new Error('disk full')) })
  await background.add(async () => { await new Promise(resolve => setTimeout(resolve, 5)); finished = true })
  await t.rejects(background.add(async () => { throw new Error('never started') }), { message: 'disk full' })
  await t.rejects(background.end(), { message: 'disk full' })
  t.ok(finished)
})
