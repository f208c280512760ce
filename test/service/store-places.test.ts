import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { StorePlaces } from '../../src/service/store-places.ts'

const pace = { minBytesPerSecond: 1000, intervalMs: 60_000, totalMs: 60_000 }

function sender () {
  const raw = { complete: false, readableLength: 0, socket: { bytesRead: 0 } }
  return { raw, request: { raw } as unknown as FastifyRequest }
}

t.test('when all places are taken, who is behind the pace for five seconds loses its own to who comes', async t => {
  let clock = 0
  const places = new StorePlaces(2, pace, () => clock)
  const [quick, slow] = [sender(), sender()]
  const evicted: string[] = []
  places.take(quick.request).onEviction(() => evicted.push('quick'))
  const place = places.take(slow.request)
  t.equal(places.makeRoom(), false)
  clock = 10_000
  quick.raw.socket.bytesRead = 20_000
  slow.raw.socket.bytesRead = 9000
  t.equal(places.makeRoom(), false, 'nobody to be told yet')
  place.onEviction(() => evicted.push('slow'))
  slow.raw.readableLength = 1
  t.equal(places.makeRoom(), false, 'it waits for us')
  slow.raw.readableLength = 0
  slow.raw.complete = true
  t.equal(places.makeRoom(), false, 'all has come')
  slow.raw.complete = false
  t.equal(places.makeRoom(), true)
  t.strictSame(evicted, ['slow'])
  places.take(sender().request).onEviction(() => evicted.push('new'))
  clock = 14_000
  t.equal(places.makeRoom(), false, 'new ones have time')
  place.leave()
  t.equal(new StorePlaces(0, pace).makeRoom(), false)
})
