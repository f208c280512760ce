import { z } from 'zod'
import { type AccessConfig, accessOf, accessVariables } from './config/access.ts'
import { auditVariables, syslogOf, type SyslogSettings } from './config/audit.ts'
import { destinationsOf } from './config/destinations.ts'
import { reportOf, reportVariables } from './config/report.ts'
import type { ReportConfig } from './config/report.ts'
import { choice, file, flag, integer, isHttpUrl, list, seconds, size, url } from './config/schemas.ts'
import type { Variable } from './config/schemas.ts'
import { webhookOf } from './config/webhook.ts'
import { tagOf } from './dicom/dictionary.ts'
import { AppError } from './errors.ts'
import { type DeviceName, deviceNames, engineNames } from './model/engines/engine.ts'
import type { HeatmapMethod } from './model/finding.ts'
import type { DestinationSettings } from './workflow/destination-settings.ts'
import { defaultWorkflowSettings } from './workflow/settings.ts'
import type { WorkflowSettings } from './workflow/settings.ts'
import type { WebhookSettings } from './workflow/webhook.ts'

const prefix = 'TUBERLENS_'

/** Query parameters of a search of workitems; ProcedureStepState is not among them, as only SCHEDULED ones are taken. */
const worklistQuery = z.string().transform(text => Object.fromEntries(new URLSearchParams(text)))
  .refine(query => Object.keys(query).every(name => tagOf(name) !== undefined && name !== 'ProcedureStepState'),
    'must name DICOM attributes other than ProcedureStepState')

/** Every variable, without its prefix, in the order of the README's table. */
const variables = {
  HOST: { schema: z.string().min(1, 'must be an address'), default: '127.0.0.1', meaning: 'Address to listen on; `0.0.0.0` for all of the machine, `::` for IPv6 too' },
  PORT: { schema: integer(0, 65535), default: '8080', meaning: 'Port to listen on; 0 takes a free one' },
  METRICS_PORT: { schema: integer(1, 65535).optional(), meaning: 'Port of its own for `/metrics`, over HTTP', shownDefault: 'no such port' },
  METRICS_HOST: { schema: z.string().min(1, 'must be an address'), default: '127.0.0.1', meaning: 'Address of that port; another one than loopback for a network that only Prometheus is in, or with a token' },
  METRICS_TOKEN_FILE: { schema: file.optional(), meaning: 'File with a bearer token that `/metrics` wants, there and on the port of the service; read again for every request', shownDefault: 'none: open on a port of its own, for `admin` alone on that of the service' },
  PUBLIC_BASE_URL: { schema: url.optional(), meaning: 'Origin, and path if any, by which clients reach the service; RetrieveURLs begin with it', shownDefault: 'as the client asked' },
  ...accessVariables,
  DATA_DIR: { schema: file, default: 'tuberlens-data', meaning: 'Folder of all that the service keeps; one process at a time' },
  MODEL_DIR: { schema: file.optional(), meaning: 'Folder of the model', shownDefault: 'the model that comes with the program' },
  ENGINE: { schema: choice('auto', ...engineNames), default: 'auto', meaning: 'What computes the network: `auto`, `onnxruntime`, `tensorflow`' },
  DEVICE: { schema: choice(...deviceNames), default: 'cpu', meaning: 'What onnxruntime computes on: `cpu`, or `cuda` for an NVIDIA GPU (see [GPU](docs/administration.md#gpu)); the start fails where it cannot' },
  WORKER_THREADS: { schema: integer(1, 256).optional(), meaning: 'Threads that compute the network', shownDefault: 'one for each processor, at most 8' },
  PACS_URL: { schema: url.optional(), meaning: 'DICOMweb root that results go to, and that is asked for what is missing of a series', shownDefault: 'none: results stay here' },
  PACS_USER: { schema: z.string().regex(/^[^:]+$/, 'must not hold a colon').optional(), meaning: 'User name for basic authentication at the PACS' },
  PACS_PASSWORD_FILE: { schema: file.optional(), meaning: 'File with the password that goes with it' },
  PACS_TOKEN_FILE: { schema: file.optional(), meaning: 'File with a bearer token for the PACS; read again for every request' },
  PACS_CHUNKED: { schema: flag, default: 'false', meaning: 'Send without Content-Length' },
  PACS_VERIFY: { schema: choice('qido', 'wado', 'none'), default: 'qido', meaning: 'Whether the PACS is asked that it has what was sent, by QIDO-RS or by the metadata of WADO-RS' },
  DESTINATIONS_FILE: { schema: file.optional(), meaning: 'JSON file with the destinations of results, instead of the `TUBERLENS_PACS_…` variables: see [Destinations](#destinations)' },
  WORKLIST_DESTINATION: { schema: z.string().min(1, 'must be an id').optional(), meaning: 'Id of the destination whose UPS-RS worklist work is taken from (`pacs` with `TUBERLENS_PACS_URL`)', shownDefault: 'none: nothing is taken' },
  WORKLIST_QUERY: { schema: worklistQuery, default: 'ProcedureStepLabel=tuberlens', meaning: 'What a workitem for tuberlens has: `Attribute=value`, joined by `&`' },
  WORKLIST_POLL_S: { schema: seconds(1, 86400), default: '30', meaning: 'Seconds between two looks at the worklist' },
  WORKLIST_AE_TITLE: { schema: z.string().regex(/^[\x21-\x5b\x5d-\x7e]{1,16}$/, 'must be an AE title').optional(), meaning: 'AE title that is sent with a change of state; dcm4chee needs one', shownDefault: 'none' },
  WEBHOOK_URL: { schema: url.optional(), meaning: 'Web service that is told of reports, deliveries and jobs: see [Webhook](#webhook)' },
  WEBHOOK_SECRET_FILE: { schema: file.optional(), meaning: 'File with the secret that its messages are signed with: `whsec_` and Base64' },
  DELIVERY_DEADLINE_H: { schema: integer(1, 720), default: '72', meaning: 'Hours until a result that cannot be delivered is given up' },
  SERIES_QUIET_S: { schema: seconds(0, 86400), default: '60', meaning: 'Seconds without a new instance until a series counts as complete' },
  SERIES_MAX_WAIT_S: { schema: seconds(1, 604800), default: '900', meaning: 'Seconds until an incomplete series is closed as it is' },
  STUDY_QUIET_S: { schema: seconds(0, 86400), default: '60', meaning: 'Seconds without a new instance until the reports of a study are written' },
  ON_INCOMPLETE: { schema: choice('flag', 'skip'), default: 'flag', meaning: 'Whether an incomplete series is analysed and marked, or left out' },
  REANALYSE_MAX: { schema: integer(1, 1000), default: '3', meaning: 'Analyses of one series within an hour; later slices wait' },
  ANALYSIS_TIMEOUT_S: { schema: seconds(1, 86400), default: '900', meaning: 'Seconds until an analysis that does not end is stopped and tried again' },
  ...reportVariables,
  INELIGIBLE_POLICY: { schema: choice('ignore', 'reject'), default: 'ignore', meaning: 'Whether objects that are not for this service are accepted and dropped, or refused' },
  DUPLICATE_POLICY: { schema: choice('refuse', 'replace'), default: 'refuse', meaning: 'Whether an instance that is held with other pixels is refused, or replaces the one that is held and its series is analysed again' },
  COERCE_ISSUER_OF_PATIENT_ID: { schema: z.string().regex(/^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,62}[\x21-\x5b\x5d-\x7e])?$/, 'must be 1 to 64 ASCII characters without backslash and outer blanks').optional(), meaning: 'IssuerOfPatientID that instances get that come with a PatientID and without an issuer', shownDefault: 'none: nothing is changed' },
  DICOMWEB_STRICT: { schema: flag, default: 'false', meaning: 'Refuse what the standard forbids but clients are known to send' },
  MAX_REQUEST_BYTES: { schema: size, default: '4G', meaning: 'Largest store request' },
  MAX_INSTANCE_BYTES: { schema: size, default: '512M', meaning: 'Largest instance' },
  MAX_PARTS: { schema: integer(1, 1_000_000), default: '10000', meaning: 'Most instances in one store request' },
  STOW_MAX_CONCURRENT: { schema: integer(1, 1000), default: '8', meaning: 'Store requests served at the same time' },
  RATE_LIMIT: { schema: integer(0, 10_000_000), default: '0', meaning: 'Requests a minute from one address beyond which they are answered with 429; 0 is no limit. Some PACS send each image in a request of its own' },
  RENDER_MAX_PIXELS: { schema: integer(1, 2 ** 28), default: String(2 ** 24), meaning: 'Pixels of an image, or of a picture of it, beyond which nothing is drawn' },
  CORS_ORIGINS: { schema: list.refine(origins => origins.every(isOrigin), 'must list origins such as https://viewer.example'), default: '', meaning: 'Origins of web pages that may use the service from a browser, separated by commas; none by default' },
  DISK_RESERVE: { schema: size, default: '1G', meaning: 'Free space below which nothing is taken in' },
  SPOOL_QUOTA: { schema: size.optional(), meaning: 'Bytes of all instances together beyond which nothing is taken in', shownDefault: 'none: the disk is the limit' },
  DISK_WATERMARK: { schema: integer(1, 100), default: '85', meaning: 'Percent of the disk from which on delivered inputs are removed early' },
  KEEP_INPUTS_H: { schema: integer(0, 87600), default: '24', meaning: 'Hours that inputs are kept after their study is done' },
  KEEP_RESULTS_D: { schema: integer(1, 36500), default: '30', meaning: 'Days that delivered results are kept' },
  KEEP_DEAD_D: { schema: integer(1, 36500), default: '7', meaning: 'Days that the inputs of a study with a dead job are kept' },
  ...auditVariables,
  LOG_LEVEL: { schema: choice('trace', 'debug', 'info', 'warn', 'error', 'silent'), default: 'info', meaning: 'Least level that is logged' },
  DEBUG: { schema: choice('0', '1'), default: '0', meaning: '`1` prints stack traces of unexpected errors' },
} as const satisfies Record<string, Variable>

/** Variables of the test suite: allowed in the environment, without meaning for the program. */
const testVariables = ['TEST_DATA', 'TEST_SCREENSHOTS', 'REQUIRE_DATA', 'REQUIRE_TOOLS', 'REQUIRE_TENSORFLOW', 'REQUIRE_KERAS']

export interface WorklistConfig {
  /** Id of a destination. */
  readonly destination: string
  readonly query: Readonly<Record<string, string>>
  readonly pollMs: number
  readonly requester: string | undefined
}

/** Everything that a start of the service can be told; deeply frozen. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly publicBaseUrl: string | undefined
  readonly dataDir: string
  readonly reserveBytes: number
  /** `undefined` is no limit but that of the disk. */
  readonly quotaBytes: number | undefined
  readonly duplicates: 'refuse' | 'replace'
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly debug: boolean
  readonly webhook: WebhookSettings | undefined
  /** Where a copy of the audit trail goes. */
  readonly auditSyslog: SyslogSettings | undefined
  /** Who may do what. */
  readonly access: AccessConfig
  /** Where results go; secrets are in the files that it names. */
  readonly destinations: readonly DestinationSettings[]
  /** The worklist that work is taken from. */
  readonly worklist: WorklistConfig | undefined
  readonly analysis: {
    /** `undefined` is the model that comes with the program. */
    readonly modelDir: string | undefined
    readonly engine: 'auto' | typeof engineNames[number]
    readonly device: DeviceName
    /** `undefined` is the engine's own choice. */
    readonly threads: number | undefined
    readonly methods: readonly HeatmapMethod[]
  }
  readonly report: ReportConfig
  readonly reception: {
    readonly maxRequestBytes: number
    readonly maxInstanceBytes: number
    readonly maxParts: number
    readonly maxConcurrentStores: number
    readonly strict: boolean
    readonly ineligible: 'ignore' | 'reject'
    readonly issuerOfPatientId: string | undefined
    /** Requests of one address in a minute; 0 is no limit. */
    readonly rateLimit: number
    readonly trustProxy: readonly string[]
  }
  readonly metrics: { readonly host: string, readonly port: number | undefined, readonly tokenFile: string | undefined }
  readonly web: {
    /** Pixels of a source or of a picture beyond which nothing is drawn. */
    readonly renderMaxPixels: number
    /** As browsers write them in Origin. */
    readonly corsOrigins: readonly string[]
    /** Host names beyond addresses and names without a dot; `*` is any. */
    readonly allowedHosts: readonly string[]
    /** 0 is no limit. */
    readonly connectionsPerAddress: number
  }
  readonly workflow: WorkflowSettings
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks all TUBERLENS_… variables; an empty one counts as absent where it has no default of its own.
 * @throws AppError `config-invalid` whose message lists every error, one a line, and never a value
 */
export function loadConfig (environment: Environment): Config {
  const problems: string[] = []
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith(prefix) && value !== undefined)
  for (const [name] of given) if (!isKnown(name.slice(prefix.length))) problems.push(`${name} is not a variable of tuberlens`)
  const parsed = schema.safeParse(Object.fromEntries(Object.keys(variables).flatMap(name => {
    const value = environment[prefix + name]
    return value === undefined || (value === '' && !('default' in variables[name as VariableName])) ? [] : [[name, value]]
  })))
  if (!parsed.success) for (const { path, message } of parsed.error.issues) problems.push(`${prefix}${path.map(String).join('.')} ${message}`)
  const values = parsed.data
  const destinations = values && destinationsOf(values, problems)
  const webhook = values && webhookOf(values, problems)
  const access = values && accessOf(values, problems)
  const auditSyslog = values && syslogOf(values, problems)
  if (values && values.SERIES_MAX_WAIT_S < values.SERIES_QUIET_S) problems.push('TUBERLENS_SERIES_MAX_WAIT_S must not be less than TUBERLENS_SERIES_QUIET_S')
  if (values?.DEVICE === 'cuda' && values.ENGINE === 'tensorflow') problems.push('TUBERLENS_DEVICE cuda is for onnxruntime: TUBERLENS_ENGINE must not be tensorflow')
  const worklist = values?.WORKLIST_DESTINATION
  if (worklist !== undefined && destinations?.every(({ id }) => id !== worklist) === true) {
    problems.push('TUBERLENS_WORKLIST_DESTINATION is not the id of a destination')
  }
  if (values === undefined || destinations === undefined || access === undefined || problems.length > 0) {
    const lines = [...problems].sort()
    throw new AppError('config-invalid', `the configuration has ${lines.length === 1 ? 'an error' : `${lines.length} errors`}:\n${lines.map(line => `  ${line}`).join('\n')}`, { errors: lines.length })
  }
  return freeze({ ...assemble(values, destinations), webhook, access, auditSyslog })
}

type VariableName = keyof typeof variables
const shape = Object.fromEntries(Object.entries(variables).map(([name, variable]) =>
  [name, 'default' in variable ? (variable.schema as z.ZodType).prefault(variable.default) : variable.schema]))
const schema = z.strictObject(shape as unknown as { [K in VariableName]: typeof variables[K]['schema'] })
type Values = z.infer<typeof schema>

function isKnown (name: string): boolean { return name in variables || testVariables.includes(name) }

/** Scheme, host and port as a browser sends them (RFC 6454 6.2): nothing after the port, no default port. */
function isOrigin (text: string): boolean {
  return isHttpUrl(text) && new URL(text).origin === text
}

function worklistOf (values: Values): WorklistConfig | undefined {
  const { WORKLIST_DESTINATION: destination, WORKLIST_QUERY: query, WORKLIST_POLL_S: poll, WORKLIST_AE_TITLE: requester } = values
  return destination === undefined ? undefined : { destination, query, pollMs: poll * 1000, requester }
}

function assemble (values: Values, destinations: readonly DestinationSettings[]): Omit<Config, 'webhook' | 'access' | 'auditSyslog'> {
  const ms = (s: number) => Math.round(s * 1000)
  const hour = 3_600_000
  const { lifecycle, runner, delivery, retention } = defaultWorkflowSettings
  return {
    host: values.HOST,
    port: values.PORT,
    publicBaseUrl: values.PUBLIC_BASE_URL?.replace(/\/+$/, ''),
    dataDir: values.DATA_DIR,
    reserveBytes: values.DISK_RESERVE,
    quotaBytes: values.SPOOL_QUOTA,
    duplicates: values.DUPLICATE_POLICY,
    logLevel: values.LOG_LEVEL,
    debug: values.DEBUG === '1',
    destinations,
    worklist: worklistOf(values),
    analysis: {
      modelDir: values.MODEL_DIR,
      engine: values.ENGINE,
      device: values.DEVICE,
      threads: values.WORKER_THREADS,
      methods: values.HEATMAP_METHODS as HeatmapMethod[],
    },
    report: reportOf(values),
    reception: {
      maxRequestBytes: values.MAX_REQUEST_BYTES,
      maxInstanceBytes: values.MAX_INSTANCE_BYTES,
      maxParts: values.MAX_PARTS,
      maxConcurrentStores: values.STOW_MAX_CONCURRENT,
      strict: values.DICOMWEB_STRICT,
      ineligible: values.INELIGIBLE_POLICY,
      issuerOfPatientId: values.COERCE_ISSUER_OF_PATIENT_ID,
      rateLimit: values.RATE_LIMIT,
      trustProxy: values.TRUST_PROXY,
    },
    metrics: { host: values.METRICS_HOST, port: values.METRICS_PORT, tokenFile: values.METRICS_TOKEN_FILE },
    web: {
      renderMaxPixels: values.RENDER_MAX_PIXELS,
      corsOrigins: values.CORS_ORIGINS,
      allowedHosts: values.ALLOWED_HOSTS,
      connectionsPerAddress: values.CONNECTIONS_PER_ADDRESS,
    },
    workflow: {
      lifecycle: {
        ...lifecycle,
        seriesQuietMs: ms(values.SERIES_QUIET_S),
        seriesMaxWaitMs: ms(values.SERIES_MAX_WAIT_S),
        studyQuietMs: ms(values.STUDY_QUIET_S),
        graceMs: Math.min(lifecycle.graceMs, ms(values.SERIES_QUIET_S)),
        onIncomplete: values.ON_INCOMPLETE,
        reanalyseMax: values.REANALYSE_MAX,
      },
      runner: { ...runner, jobTimeoutMs: ms(values.ANALYSIS_TIMEOUT_S) },
      delivery: { ...delivery, deadlineMs: values.DELIVERY_DEADLINE_H * hour },
      retention: {
        ...retention,
        inputsMs: values.KEEP_INPUTS_H * hour,
        resultsMs: values.KEEP_RESULTS_D * 24 * hour,
        deadMs: values.KEEP_DEAD_D * 24 * hour,
        watermark: values.DISK_WATERMARK / 100,
      },
    },
  }
}

function freeze<T> (value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}

/** The effective configuration for the log of a start: secrets are in the files that it names, or may be in a webhook's path. */
export function describeConfig (config: Config): Record<string, unknown> {
  const { webhook } = config
  return { ...config, webhook: webhook && { ...webhook, url: `${new URL(webhook.url).origin}/(hidden)` } }
}

/** The README's table: name, default and meaning of every variable. */
export const configVariables: readonly { readonly name: string, readonly default: string, readonly meaning: string }[] =
  Object.entries(variables as Record<string, Variable>).map(([name, variable]) =>
    ({ name: prefix + name, default: variable.default ?? variable.shownDefault ?? '', meaning: variable.meaning }))

/** The same as a Markdown table. */
export function configTable (): string {
  const rows = configVariables.map(({ name, default: value, meaning }) => `| \`${name}\` | ${value === '' ? '' : /^[\w.,/-]+$/.test(value) ? `\`${value}\`` : value} | ${meaning} |`)
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...rows].join('\n')
}
