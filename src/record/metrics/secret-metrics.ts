import type { Registry } from 'prom-client'
import type { SignatureSettings } from '../../authenticate/signature-settings.ts'
import type { RequestContext } from '../../request-context.ts'
import type { AuditRecord } from '../audit-record.ts'
import { type CountTally, readGauge, tallyCounter } from './tally.ts'

/** Metrics of the secrets that callers use. */
export interface SecretMetrics {
  /**
   * Notes which secrets there are from now on. Those that have not been used yet get series too, so that they differ from
   * secrets that do not exist, and when a secret that is gone was last used is no longer shown.
   */
  readonly expect: (
    integrations: readonly {
      readonly name: string
      readonly credentials: { readonly signature?: SignatureSettings | undefined }
    }[],
  ) => void
  readonly observe: (record: AuditRecord, request: RequestContext) => void
}

interface SecretUse {
  readonly labels: readonly [integration: string, secret: string]
  readonly tally: CountTally
  lastSeconds: number
}

/** Counts uses of the secrets that signatures are verified with, by their ids, and when the last one was. */
export function secretMetrics(registry: Registry): SecretMetrics {
  const uses = tallyCounter(registry, {
    name: 'magegate_secret_uses_total',
    help: 'Requests by the secret that verified them, by its id in the configuration.',
    labelNames: ['integration', 'secret'],
  })
  const known = new Map<string, SecretUse>()
  let present: readonly SecretUse[] = []
  const lastUse = {
    name: 'magegate_secret_last_used_timestamp_seconds',
    help: 'When a secret last verified a request, in seconds since the epoch; 0 if not since the start.',
    labelNames: ['integration', 'secret'],
  } as const
  readGauge(registry, lastUse, function* () {
    for (const { labels, lastSeconds } of present) yield [labels, lastSeconds]
  })
  function find(integration: string, id: string): SecretUse {
    const key = `${integration}\n${id}`
    let secret = known.get(key)
    if (secret === undefined) {
      secret = { labels: [integration, id], tally: uses(integration, id), lastSeconds: 0 }
      known.set(key, secret)
    }
    return secret
  }
  return {
    expect: (integrations) => {
      present = integrations.flatMap(({ name, credentials }) =>
        secretIds(credentials.signature).map((id) => find(name, id)),
      )
    },
    observe: ({ integration, keyId }, { arrivedAtMs }) => {
      if (integration === undefined || keyId === undefined) return
      const secret = find(integration, keyId)
      secret.tally.count += 1
      secret.lastSeconds = arrivedAtMs / 1000
    },
  }
}

function secretIds(signature: SignatureSettings | undefined): readonly string[] {
  if (signature === undefined) return []
  return ('secrets' in signature ? signature.secrets : signature.keys).map(({ id }) => id)
}
