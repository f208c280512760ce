import type { DestinationState } from '../../workflow/destination-state.ts'
import type { DestinationTest } from '../../workflow/destination-test.ts'
import { durationText } from './format.ts'
import { type Content, html } from './html.ts'
import { button, layout, notice, type Site, table } from './layout.ts'
import { destinationTrouble } from './words.ts'

export interface TestedDestination { readonly id: string, readonly test: DestinationTest }

/** Where results go; after a test, what it showed. */
export function destinationsPage (site: Site, destinations: readonly DestinationState[], tested?: TestedDestination): string {
  const { root } = site
  const rows = destinations.map(destination => {
    const { id, url, configured, pending, oldestMs, dead } = destination
    return [
      html`<strong>${id}</strong><br><span class="soft">${url ?? 'no longer configured'}</span>`,
      destinationTrouble(destination)?.what ?? 'Well',
      pending,
      oldestMs === undefined ? '–' : durationText(oldestMs),
      dead,
      configured && button(`${root}/status/destinations/${encodeURIComponent(id)}/test`, 'Test', `destination ${id}`),
    ]
  })
  const body = html`${tested && testResult(tested)}
${table('Where results are sent', ['Destination', 'How it is', 'Waiting', 'Oldest', 'Given up', 'Test'], rows,
  'No destination is configured (TUBERLENS_PACS_URL or TUBERLENS_DESTINATIONS_FILE): results stay here and can be searched and retrieved.')}`
  return layout(site, { title: 'Destinations', section: '/destinations', body, live: tested === undefined })
}

const authWords = { accepted: 'accepted, or none are needed', refused: 'refused', 'no-token': 'could not be got', unknown: 'unknown' } as const
const tlsWords = { none: 'not encrypted', ok: 'encrypted', certificate: 'its certificate is not trusted', failed: 'failed', unknown: 'unknown' } as const

function testResult ({ id, test }: TestedDestination): Content {
  const { reachable, auth, tls, qido, stow, status, detail } = test
  return notice(reachable && auth !== 'refused' && qido !== 'no' ? 'good' : 'bad', html`<p><strong>Test of ${id}:</strong> ${detail}</p>
<dl><dt>Answers</dt><dd>${reachable ? `yes${status === undefined ? '' : `, HTTP ${status}`}` : 'no'}</dd><dt>Credentials</dt><dd>${authWords[auth]}</dd>
<dt>Encryption</dt><dd>${tlsWords[tls]}</dd><dt>Searching (QIDO-RS)</dt><dd>${qido}</dd><dt>Storing (STOW-RS)</dt><dd>${stow}</dd></dl>`)
}
