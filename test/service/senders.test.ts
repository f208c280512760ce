import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import t from 'tap'
import { listen, readAnswer } from './support/exchange.ts'
import { testService } from './support/test-service.ts'

const folder = resolve(import.meta.dirname, '../../fixtures/senders')
const original = (number: number): Buffer => readFileSync(join(folder, `instances/${number}.dcm`))
const study = '2.25.9100000000000000000000000000000020'
const series = '2.25.9100000000000000000000000000000010'
const sop = (number: number): string => `2.25.910000000000000000000000000000000${number}`

/** Which instances (fixtures/senders/instances) each message carries, and in how many requests on one connection. */
const corpus: Readonly<Record<string, { readonly instances: readonly number[], readonly requests?: number }>> = {
  'curl-expect-chunked': { instances: [1] },
  'curl-form': { instances: [1, 2, 3] },
  'curl-single-part': { instances: [1] },
  dcm4chee: { instances: [1, 2], requests: 2 },
  'dcm4chee-chunked': { instances: [1] },
  'javascript-dicomweb-client': { instances: [1, 2, 3] },
  microsoft: { instances: [1, 2, 3] },
  'microsoft-chunked': { instances: [1, 2, 3] },
  ohif: { instances: [1] },
  orthanc: { instances: [1, 2, 3] },
  'orthanc-not-chunked': { instances: [1, 2, 3] },
  'python-dicomweb-client': { instances: [1, 2, 3] },
  'python-dicomweb-client-chunked': { instances: [1, 2, 3] },
}

/** Ways in which a message may come in over the wire. */
const paces: Readonly<Record<string, (message: Buffer) => Buffer[]>> = {
  'at once': message => [message],
  'its head byte by byte': message => {
    const end = message.indexOf('\r\n\r\n') + 4
    return [...bytes(message.subarray(0, end)), message.subarray(end)]
  },
  'split before, inside and after each delimiter': message => {
    const boundary = /boundary="?([^"\r\n;]+)/.exec(message.toString('latin1'))?.[1]
    if (boundary === undefined) return [message.subarray(0, -10), message.subarray(-10)]
    const delimiter = `\r\n--${boundary}`
    const cuts = new Set<number>()
    for (let at = message.indexOf(delimiter); at >= 0; at = message.indexOf(delimiter, at + 1)) {
      for (const offset of [0, 1, 2, 3, 4, delimiter.length - 1, delimiter.length, delimiter.length + 1]) cuts.add(at + offset)
    }
    return pieces(message, [...cuts])
  },
  'byte by byte': bytes,
}

function bytes (message: Buffer): Buffer[] {
  return pieces(message, Array.from(message, (_, i) => i))
}

function pieces (message: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.filter(cut => cut > 0 && cut < message.length), message.length]
  return edges.slice(1).map((edge, i) => message.subarray(edges[i], edge))
}

interface Answer { readonly status: number, readonly headers: string, readonly body: string }

/** Says the pieces one after the other on a connection that stays open, and hears so many final answers. */
async function say (port: number, spoken: readonly Buffer[], count: number): Promise<Answer[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  await once(socket, 'connect')
  let heard = ''
  const answers: Answer[] = []
  const complete = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => { resolve() })
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      for (;;) {
        if (heard.startsWith('HTTP/1.1 100 ')) heard = heard.slice(heard.indexOf('\r\n\r\n') + 4)
        const length = Number(/^content-length: (\d+)\r$/im.exec(heard)?.[1])
        const end = heard.indexOf('\r\n\r\n') + 4 + length
        if (!(heard.length >= end)) return
        answers.push(readAnswer(heard.slice(0, end)))
        heard = heard.slice(end)
        if (answers.length === count) resolve()
      }
    })
  })
  for (const piece of spoken) {
    if (!socket.write(piece)) await once(socket, 'drain')
    if (spoken.length > 1) await new Promise(resolve => setImmediate(resolve))
  }
  await complete
  socket.destroy()
  return answers
}

t.test('the corpus holds what this test knows', t => {
  t.strictSame(readdirSync(folder).filter(name => name.endsWith('.http')).map(name => name.replace('.http', '')).sort(), Object.keys(corpus).sort())
  const notes = readFileSync(join(folder, 'README.md'), 'utf8')
  t.strictSame(Object.keys(corpus).filter(name => !notes.includes(`\`${name}.http\``)), [], 'each has its note')
  t.end()
})

for (const [name, { instances, requests = 1 }] of Object.entries(corpus)) {
  t.test(`what ${name} sends is stored, in whatever pieces it comes (M3)`, async t => {
    const message = readFileSync(join(folder, `${name}.http`))
    for (const [pace, cut] of Object.entries(paces)) {
      await t.test(pace, async t => {
        const service = await testService(t, { settings: { allowedHosts: ['tuberlens.test'] } })
        const answers = await say(await listen(service), cut(message), requests)
        t.strictSame(answers.map(answer => answer.status), Array.from({ length: requests }, () => 200))
        for (const { headers, body } of answers) {
          // senders compare the media type as a whole (Python dicomweb-client 0.61.2, web.py line 1643)
          t.match(headers, /^content-type: application\/dicom\+json\r?$/im)
          t.notOk('00081198' in (JSON.parse(body) as object), 'no failures')
        }
        const stored = answers.flatMap(({ body }) => (JSON.parse(body) as { '00081199': { Value: { '00081155': { Value: string[] } }[] } })['00081199'].Value)
        t.strictSame(stored.map(item => item['00081155'].Value[0]), instances.map(sop))
        for (const number of instances) {
          const kept = await service.inject({
            url: `/dicom-web/studies/${study}/series/${series}/instances/${sop(number)}`, headers: { accept: 'application/dicom; transfer-syntax=*' },
          })
          t.equal(kept.statusCode, 200)
          t.ok(kept.rawPayload.equals(original(number)), 'the instance is the one that was sent, byte for byte')
        }
        t.strictSame(service.temporaryFiles(), [])
      })
    }
  })
}
