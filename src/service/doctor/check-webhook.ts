import type { Config } from '../../config.ts'
import { type Check, ok, warning } from './check.ts'
import { checkPeerCertificate, unreached } from './check-peer.ts'
import { lookAtPeer, peerOf } from './look-at-peer.ts'

/** Whether the server of the webhook can be reached. Nothing is sent, as it would be taken for a message. */
export async function checkWebhook (webhook: Config['webhook'], now: number): Promise<Check[]> {
  if (webhook === undefined) return []
  const area = 'webhook'
  const peer = peerOf(webhook.url)
  const { failure, certificate } = await lookAtPeer(peer)
  const shown = certificate === undefined ? [] : checkPeerCertificate(area, peer, certificate, 'NODE_EXTRA_CA_CERTS', now)
  if (failure !== undefined) return [unreached(area, peer, failure, 'TUBERLENS_WEBHOOK_URL'), ...shown]
  return [
    ...shown.some(({ state }) => state === 'failure') ? [] : [ok(area, 'its server takes a connection; no message was sent')],
    ...peer.secure ? [] : [warning(area, 'messages go to it over plain HTTP, signed and readable', 'use an https URL, or a network that nobody else can listen to')],
    ...shown,
  ]
}
