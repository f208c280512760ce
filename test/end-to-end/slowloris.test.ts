import { connect, type Socket } from 'node:net'
import t from 'tap'
import { until } from '../helpers/service.ts'
import { dicomFile, multipart, multipartType } from '../service/support/dicom-file.ts'
import { exchange, listen, readAnswer } from '../service/support/exchange.ts'
import { testService } from '../service/support/test-service.ts'

// service.md R6, with the limits that the service runs with: 100 connections trickle headers and 100 trickle bodies, a byte a second each.

t.test('connections that trickle are cut off, and keep no sender out meanwhile', { timeout: 300_000 }, async t => {
  const service = await testService(t)
  const port = await listen(service)
  const ends = new Map<Socket, number>()
  const began = Date.now()
  const trickle = async (head: string, rest: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    await new Promise(resolve => socket.once('connect', resolve))
    let at = 0
    socket.write(head)
    const timer = setInterval(() => { socket.write(rest[at++ % rest.length]!) }, 1000)
    socket.resume().once('close', () => { clearInterval(timer); ends.set(socket, (Date.now() - began) / 1000) })
    t.teardown(() => { clearInterval(timer); socket.destroy() })
    return socket
  }
  const bodyHead = `POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: ${multipartType}\r\nContent-Length: 100000\r\n\r\n--b\r\n`
  const bodies = await Promise.all(Array.from({ length: 100 }, () => trickle(bodyHead, 'x')))
  const headers = await Promise.all(Array.from({ length: 100 }, () => trickle('GET /livez HTTP/1.1\r\n', 'a')))
  const halfOpen = connect(port, '127.0.0.1').on('error', () => undefined)
  t.teardown(() => halfOpen.destroy())

  const times: number[] = []
  const body = multipart([dicomFile()])
  const store = async (): Promise<number> => {
    const from = Date.now()
    const answer = await exchange(port, [`POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${multipartType}\r\nContent-Length: ${body.length}\r\n\r\n`, body])
    times.push(Date.now() - from)
    return readAnswer(answer).status
  }
  // the first seconds a sender may have to come again, as it is told
  await until(async () => await store() === 200, 30, 'a first image that is stored')
  times.length = 0
  const statuses = []
  for (let i = 0; i < 20; i++) statuses.push(await store())
  t.strictSame(statuses, Array<number>(20).fill(200))
  t.comment(`p95 of 20 stores beside 200 slow connections: ${times.sort((a, b) => a - b)[18]} ms`)

  const pipelined = readAnswer(await exchange(port, ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']))
  t.equal(pipelined.status, 200)

  await until(async () => headers.every(socket => ends.has(socket)), 60, 'the end of slow headers')
  t.comment(`slow headers were cut off after ${Math.max(...headers.map(socket => ends.get(socket)!)).toFixed(0)} s at most`)
  await until(async () => bodies.every(socket => ends.has(socket)), 120, 'the end of slow bodies')
  t.comment(`slow bodies were cut off after ${Math.max(...bodies.map(socket => ends.get(socket)!)).toFixed(0)} s at most`)
  t.equal(await store(), 200)
  t.strictSame(service.temporaryFiles(), [])
})
