import { Secret } from '../contract/secret.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import type { Fault } from './faults.ts'

/** How requests are traced, according to the standard environment variables of OpenTelemetry. */
export interface TracingSettings {
  /** The URL to which spans are posted, with OTLP over HTTP in protobuf. */
  readonly url: string
  /** Headers that are sent along; they can contain a token. */
  readonly headers: Readonly<Record<string, Secret>>
  readonly timeoutMs: number
  /** Attributes of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>
  readonly sampler: {
    /** The share of traces without a parent that are sampled, from 0 to 1. */
    readonly ratio: number
    /** Whether a trace with a parent is sampled if its parent is. */
    readonly isParentBased: boolean
  }
  readonly batch: {
    readonly delayMs: number
    readonly queueSize: number
    readonly batchSize: number
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** The settings, as far as the variables can be read; undefined while tracing is off. */
export interface ReadTracing {
  readonly settings?: TracingSettings
  readonly secrets: readonly Secret[]
  readonly faults: readonly Fault[]
}

const shares: Readonly<Record<string, number | undefined>> = {
  always_on: 1,
  always_off: 0,
  traceidratio: undefined,
}

/**
 * Reads the variables of the OpenTelemetry specification ("Environment Variable Specification", "OTLP
 * Exporter"). Tracing is on where an endpoint is set, or OTEL_TRACES_EXPORTER is `otlp`.
 */
export function readTracing(env: Environment): ReadTracing {
  const read = (name: string) => env[`OTEL_${name}`] || undefined
  const ofTraces = (name: string) =>
    read(`EXPORTER_OTLP_TRACES_${name}`) ?? read(`EXPORTER_OTLP_${name}`)
  const exporter = read('TRACES_EXPORTER') ?? (ofTraces('ENDPOINT') === undefined ? 'none' : 'otlp')
  if (exporter === 'none' || read('SDK_DISABLED')?.toLowerCase() === 'true') {
    return { secrets: [], faults: [] }
  }
  const faults: Fault[] = []
  const fault = (name: string, expected: string) => {
    faults.push({ file: 'environment', pointer: `OTEL_${name}`, expected })
  }
  const integer = (name: string, standard: number) => {
    const text = read(name)
    if (text === undefined) return standard
    if (!/^[1-9]\d{0,8}$/.test(text)) fault(name, 'a whole number above 0')
    return Number(text)
  }
  const base = read('EXPORTER_OTLP_ENDPOINT') ?? 'http://localhost:4318'
  const url = read('EXPORTER_OTLP_TRACES_ENDPOINT') ?? `${base.replace(/\/$/, '')}/v1/traces`

  if (exporter !== 'otlp') fault('TRACES_EXPORTER', 'otlp or none')
  if ((ofTraces('PROTOCOL') ?? 'http/protobuf') !== 'http/protobuf') {
    fault('EXPORTER_OTLP_PROTOCOL', 'http/protobuf, the only protocol that is spoken')
  }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    fault('EXPORTER_OTLP_ENDPOINT', 'an http or https URL')
  }
  const [, parent, kind = ''] =
    /^(parentbased_)?(.+)$/.exec(read('TRACES_SAMPLER') ?? 'parentbased_always_on') ?? []
  const ratio = shares[kind] ?? Number(read('TRACES_SAMPLER_ARG') ?? 1)
  if (!Object.hasOwn(shares, kind)) {
    const names = Object.keys(shares).join(', ')
    fault('TRACES_SAMPLER', `one of ${names}, or the same with parentbased_ before it`)
  } else if (!(ratio >= 0 && ratio <= 1)) fault('TRACES_SAMPLER_ARG', 'a number from 0 to 1')

  const given = pairs(ofTraces('HEADERS'))
  const headers = Object.entries(given).map(([name, text]) => [name, new Secret(text)] as const)
  const settings = {
    url,
    headers: Object.fromEntries(headers),
    timeoutMs: integer('EXPORTER_OTLP_TRACES_TIMEOUT', integer('EXPORTER_OTLP_TIMEOUT', 10_000)),
    resource: {
      'service.name': 'magegate',
      ...pairs(read('RESOURCE_ATTRIBUTES')),
      ...(read('SERVICE_NAME') && { 'service.name': read('SERVICE_NAME') as string }),
    },
    sampler: { ratio, isParentBased: parent !== undefined },
    batch: {
      delayMs: integer('BSP_SCHEDULE_DELAY', 5_000),
      queueSize: integer('BSP_MAX_QUEUE_SIZE', 2_048),
      batchSize: integer('BSP_MAX_EXPORT_BATCH_SIZE', 512),
    },
  }
  return { settings, faults, secrets: secretsOf(given) }
}

/** `name=value,name=value`, values percent-encoded (W3C Baggage). */
function pairs(text = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of text.split(',')) {
    const [, name, value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair) ?? []
    if (name !== undefined) found[name] = percentDecode(value.trim()) ?? value.trim()
  }
  return found
}

/** Shorter values are no tokens, and redacting them would hit ordinary words. */
const minTokenLength = 16

function secretsOf(headers: Readonly<Record<string, string>>): Secret[] {
  return Object.values(headers)
    .flatMap((value) => [value, value.slice(value.lastIndexOf(' ') + 1)])
    .filter((value) => value.length >= minTokenLength)
    .map((value) => new Secret(value))
}
