import { type AuditEvent, auditEvents } from '../archive/audit-log.ts'

/** Who sends the message, as the collector shall know it. */
export interface AuditSource { readonly host: string, readonly processId: number }

/** EventActionCode (PS3.15 A.5.1): create, read, update, delete, execute. */
const actions: Readonly<Record<string, string>> = {
  import: 'C', export: 'R', read: 'R', delete: 'D', 'create-workitem': 'C', 'read-workitem': 'R', 'change-workitem': 'U',
}
/** EventTypeCode (PS3.16 CID 401, 402, 403) where there is one. */
const types: Readonly<Record<string, readonly [string, string]>> = {
  start: ['110120', 'Application Start'],
  stop: ['110121', 'Application Stop'],
  login: ['110122', 'Login'],
  refused: ['110132', 'Use of Restricted Function'],
  'restricted-function': ['110132', 'Use of Restricted Function'],
  refusals: ['110126', 'Node Authentication'],
  'too-many-attempts': ['110126', 'Node Authentication'],
}
const roles = { source: ['110153', 'Source Role ID'], destination: ['110152', 'Destination Role ID'], application: ['110150', 'Application'] } as const

/**
 * The DICOM audit message (XML, PS3.15 A.5.1) of an event. A study is named by its UID, as a collector of the hospital must be able
 * to find it; no patient is, and of a query only the names of its keys.
 */
export function auditMessage (event: AuditEvent, at: Date, source: AuditSource): string {
  const { code, action, outcome, user, facts = {} } = event
  const role = roleOfService(event)
  const service = participant({ id: 'tuberlens', alternative: String(source.processId), address: source.host, requestor: action === 'export' || isFetched(event), role })
  const type = types[action]
  return '<?xml version="1.0" encoding="UTF-8"?><AuditMessage>' +
    `<EventIdentification EventActionCode="${actions[action] ?? 'E'}" EventDateTime="${at.toISOString()}" EventOutcomeIndicator="${outcome}">` +
    coded('EventID', String(code), auditEvents[code]) + (type === undefined ? '' : coded('EventTypeCode', type[0], type[1])) +
    `<EventOutcomeDescription>${escaped(outcomeText(action, facts))}</EventOutcomeDescription></EventIdentification>` +
    remote(event, user) + service +
    `<AuditSourceIdentification AuditSourceID="${escaped(`tuberlens@${source.host}`)}"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>` +
    objects(event) + '</AuditMessage>'
}

function roleOfService ({ code, action }: AuditEvent): keyof typeof roles {
  if (code === 110100) return 'application'
  return action === 'import' || action === 'query' ? 'destination' : 'source'
}

/** Whether it was asked for here, and not sent. */
function isFetched ({ facts }: AuditEvent): boolean { return facts?.['fetched'] === true }

/** Who is at the other end: a client, or the destination of an export. */
function remote (event: AuditEvent, user: string | undefined): string {
  const { code, action, source, facts } = event
  if (code === 110100 || (source === undefined && action !== 'export')) return ''
  const to = facts?.['destination']
  if (action === 'export') return participant({ id: String(to), requestor: false, role: 'destination' })
  const role = action === 'import' || action === 'query' ? 'source' : 'destination'
  return participant({ id: user ?? source ?? '', ...(source !== undefined && { address: source }), requestor: !isFetched(event), role })
}

interface Participant {
  readonly id: string
  readonly alternative?: string
  readonly address?: string
  readonly requestor: boolean
  readonly role: keyof typeof roles
}

function participant ({ id, alternative, address, requestor, role }: Participant): string {
  // 1: machine name, 2: IP address
  const kind = address !== undefined && /^[\d.]+$|:/.test(address) ? 2 : 1
  return `<ActiveParticipant UserID="${escaped(id)}"${alternative === undefined ? '' : ` AlternativeUserID="${escaped(alternative)}"`}` +
    ` UserIsRequestor="${requestor}"${address === undefined ? '' : ` NetworkAccessPointID="${escaped(address)}" NetworkAccessPointTypeCode="${kind}"`}>` +
    `${coded('RoleIDCode', roles[role][0], roles[role][1])}</ActiveParticipant>`
}

function objects ({ code, studies = [], facts = {} }: AuditEvent): string {
  const named = studies.map(uid => object(uid, 3, coded('ParticipantObjectIDTypeCode', '110180', 'Study Instance UID') + name('study')))
  if (code === 110112) {
    // Study Root Query is the object of a query (A.5.3.10)
    const query = `<ParticipantObjectQuery>${Buffer.from(String(facts['keys'] ?? '')).toString('base64')}</ParticipantObjectQuery>`
    named.push(object('1.2.840.10008.5.1.4.1.2.2.1', 3, coded('ParticipantObjectIDTypeCode', '110181', 'SOP Class UID') + query))
  }
  if (code === 110113) {
    const uri = '<ParticipantObjectIDTypeCode csd-code="12" codeSystemName="RFC-3881" originalText="URI"/>'
    named.push(object(String(facts['route'] ?? 'unknown'), 13, uri + name('route')))
  }
  return named.join('')
}

function object (id: string, role: number, content: string): string {
  return `<ParticipantObjectIdentification ParticipantObjectID="${escaped(id)}" ParticipantObjectTypeCode="2" ` +
    `ParticipantObjectTypeCodeRole="${role}">${content}</ParticipantObjectIdentification>`
}

function name (text: string): string { return `<ParticipantObjectName>${text}</ParticipantObjectName>` }

function coded (name: string, code: string, text: string): string {
  return `<${name} csd-code="${code}" codeSystemName="DCM" originalText="${escaped(text)}"/>`
}

function outcomeText (action: string, facts: NonNullable<AuditEvent['facts']>): string {
  return [action, ...Object.entries(facts).filter(([name]) => name !== 'keys').map(([name, value]) => `${name} ${value}`)].join(', ')
}

/** XML 1.0 2.2 and 2.4: what it cannot hold becomes a question mark. */
function escaped (text: string): string {
  return text.replace(/[^\P{C}]/gu, '?').replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
