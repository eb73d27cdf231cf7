import { signerFault } from '../authenticate/claimed-signer.ts'
import type { IntegrationSettings } from '../config/integration-settings.ts'
import type { EndpointSettings } from '../contract/endpoint.ts'
import { openApiDocument } from '../endpoints/openapi-document.ts'
import {
  type AuthorizeUpstream,
  prepareUpstreamCredentials,
  type UpstreamServices,
} from '../forward/upstream-credentials.ts'
import { policies } from '../pipeline.ts'
import type { Policy, Services, Stage } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import type { NamedCheck } from '../stages.ts'
import { boundedMap } from '../store/bounded-map.ts'
import { isReportOnly, reportInstead, reportingServices } from './report-only.ts'

/** Whom a request claims to come from: the checks that decide on it, by stage. */
export interface Claimant extends Readonly<Record<Stage, readonly NamedCheck[]>> {
  readonly name: string
}

/** An integration, ready to take requests: its policies by stage, and how it calls Magento. */
export interface Integration extends Claimant {
  readonly authorizeUpstream: AuthorizeUpstream
  readonly endpointSettings: EndpointSettings
  /** What it may call, as an OpenAPI document in JSON. */
  readonly openApi: () => Buffer
}

/** How many documents of what an integration may call are kept: one of 600 routes has 260 KB and takes 20 ms to make. */
const keptDocuments = 64

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
  shop: EndpointSettings,
): Integrations {
  const settingsOf = new Map(all.map((settings) => [settings.name, settings]))
  const prepared = new Map<string, Integration>()
  const documents = boundedMap<Buffer>(keptDocuments)
  function documentOf(of: IntegrationSettings): Buffer {
    const document =
      documents.get(of.name) ?? Buffer.from(JSON.stringify(openApiDocument(of, services)))
    documents.set(of.name, document)
    return document
  }
  return {
    get: (name) => {
      let integration = prepared.get(name)
      if (integration !== undefined) return integration
      const settings = settingsOf.get(name)
      if (settings === undefined) return undefined
      integration = {
        ...prepareIntegration(settings, services, upstream, shop),
        openApi: () => documentOf(settings),
      }
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
  { arrayLimit, sourceCode }: EndpointSettings,
): Omit<Integration, 'openApi'> {
  const stages: Record<Stage, NamedCheck[]> = { admit: [], authenticate: [], authorize: [] }
  const isPassthrough = settings.upstream.passthrough === true
  const own = { ...services, integration: settings.name, isPassthrough }
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
    endpointSettings: { arrayLimit, sourceCode: settings.sourceCode ?? sourceCode },
  }
}

/** Prepares the search for whom a request claims to come from; once verified, it does come from there. */
export function claimantFinder(
  integrations: Integrations,
  nobody: Claimant,
): (request: RequestContext) => Claimant {
  return ({ claimed, claimFault }) => {
    if (claimFault !== undefined) return nobody
    return integrations.get(claimed?.integration ?? '') ?? nobody
  }
}

/** Stands in for every caller that claims no known integration, and refuses it exactly as a wrong secret is refused. */
export function prepareNobody({ spendDecoy }: Services): Claimant {
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
  }
}
