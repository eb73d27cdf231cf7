import { signerFault } from '../authenticate/claimed-signer.ts'
import type { IntegrationSettings } from '../config/integration-settings.ts'
import { openApiDocument } from '../endpoints/openapi-document.ts'
import {
  type AuthorizeUpstream,
  prepareUpstreamCredentials,
  type UpstreamServices,
} from '../forward/upstream-credentials.ts'
import { policies } from '../pipeline.ts'
import type { Policy, Services, Stage } from '../policy.ts'
import { reject } from '../problem.ts'
import type { NamedCheck } from '../stages.ts'
import { isReportOnly, reportInstead, reportingServices } from './report-only.ts'

/** An integration, ready to take requests: its policies by stage, and how it calls Magento. */
export interface Integration extends Readonly<Record<Stage, readonly NamedCheck[]>> {
  readonly name: string
  readonly authorizeUpstream: AuthorizeUpstream
  /** Code of the inventory source that its endpoints write to; absent where they write to stock items. */
  readonly sourceCode?: string | undefined
  /** What it may call, as an OpenAPI document in JSON. */
  readonly openApi: () => Buffer
}

/** The integrations that there are, by name. */
export type Integrations = Pick<ReadonlyMap<string, Integration>, 'get'>

/**
 * Prepares each integration when it is first asked for: of ten thousand integrations most are quiet, and
 * they should delay neither the start nor a reload.
 */
export function prepareIntegrations(
  all: readonly IntegrationSettings[],
  services: Services,
  upstream: UpstreamServices,
): Integrations {
  const settingsOf = new Map(all.map((settings) => [settings.name, settings]))
  const prepared = new Map<string, Integration>()
  return {
    get: (name) => {
      let integration = prepared.get(name)
      if (integration !== undefined) return integration
      const settings = settingsOf.get(name)
      if (settings === undefined) return undefined
      integration = prepareIntegration(settings, services, upstream)
      prepared.set(name, integration)
      return integration
    },
  }
}

/**
 * Prepares the policies of an integration, in the order of the list. A policy without settings here, and
 * without settings for when they are absent, is not in the path at all.
 */
function prepareIntegration(
  settings: IntegrationSettings,
  services: Services,
  upstream: UpstreamServices,
): Integration {
  const stages: Record<Stage, NamedCheck[]> = { admit: [], authenticate: [], authorize: [] }
  // A job outlives its request, and the caller's own credential is never stored.
  const mayDefer = services.keepsJobs && settings.upstream.passthrough !== true
  const own = { ...services, integration: settings.name, mayDefer }
  for (const policy of policies as readonly Policy[]) {
    const written = (settings[policy.section] as Readonly<Record<string, unknown>>)[policy.key]
    const effective = written ?? policy.absent
    if (effective === undefined) continue
    const { name } = policy
    const check = isReportOnly(policy, settings.reportOnly)
      ? reportInstead(name, policy.prepare(effective, reportingServices(own)), own)
      : policy.prepare(effective, own)
    stages[policy.stage].push({ name, check })
  }
  return {
    ...stages,
    name: settings.name,
    authorizeUpstream: prepareUpstreamCredentials(settings.upstream, upstream),
    sourceCode: settings.sourceCode,
    openApi: () => Buffer.from(JSON.stringify(openApiDocument(settings, services))),
  }
}

/** Stands in for every caller that claims no known integration, and refuses it exactly as a wrong secret is refused. */
export function prepareNobody({ spendDecoy }: Services): Integration {
  return {
    name: '',
    admit: [],
    authenticate: [
      {
        name: 'credential',
        check: (request) => {
          spendDecoy(request)
          const fault = request.claimFault ?? signerFault(request.rawHeaders)
          return reject('unauthenticated', fault ?? 'no known integration is claimed')
        },
      },
    ],
    authorize: [],
    authorizeUpstream: () => reject('unauthenticated', 'no known integration is claimed'),
    openApi: () => Buffer.alloc(0),
  }
}
