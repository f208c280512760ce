import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'

/** A certificate and its key, in PEM form. */
export interface TestCertificate { readonly cert: string, readonly key: string, readonly name: string, readonly privateKey: KeyObject }

const tlv = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content)
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'))
const nameOf = (commonName: string) => tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from(commonName)))))
const time = (at: Date) => tlv(0x18, Buffer.from(`${at.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
const pem = (der: Buffer) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64').match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`
const day = 86_400_000

/** An X.509 v3 certificate (RFC 5280) for 127.0.0.1 and localhost, or for `host`; without an issuer it is a CA of its own. */
export function certificate (name: string, options: { readonly issuer?: TestCertificate, readonly expired?: boolean, readonly host?: string } = {}): TestCertificate {
  const { issuer, expired = false, host } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = tlv(0x30, oid('2a8648ce3d040302'))
  const names = host === undefined ? [tlv(0x82, Buffer.from('localhost')), tlv(0x87, Buffer.from([127, 0, 0, 1]))] : [tlv(0x82, Buffer.from(host))]
  const extension = issuer === undefined
    ? tlv(0x30, oid('551d13'), tlv(0x01, Buffer.from([0xff])), tlv(0x04, tlv(0x30, tlv(0x01, Buffer.from([0xff])))))
    : tlv(0x30, oid('551d11'), tlv(0x04, tlv(0x30, ...names)))
  const from = new Date(Date.now() - 10 * day)
  const to = new Date(Date.now() + (expired ? -1 : 10) * day)
  const body = tlv(0x30,
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    algorithm,
    nameOf(issuer?.name ?? name),
    tlv(0x30, time(from), time(to)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, tlv(0x30, extension)))
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey)
  const der = tlv(0x30, body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])))
  return { cert: pem(der), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), name, privateKey }
}

/** The common name of the certificate that a server at this port shows. */
export async function servedName (port: number, issuer: TestCertificate): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: issuer.cert })
  await once(socket, 'secureConnect')
  const name = String(socket.getPeerCertificate().subject.CN)
  socket.destroy()
  return name
}
