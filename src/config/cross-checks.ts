import { BlockList } from 'node:net'
import { tokenDigest } from '../admit/claimed-integration.ts'
import { signerIds } from '../authenticate/claimed-signer.ts'
import type { SignatureSettings } from '../authenticate/signature-settings.ts'
import { subjectFields } from '../contract/audit-details.ts'
import { Secret } from '../contract/secret.ts'
import { decodeBase32 } from '../forward/admin-token/base32.ts'
import { upstreamKey } from '../forward/upstream-signature.ts'
import { readCheckpointKey } from '../record/checkpoint-key.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { checkAdminAddress } from './admin-address.ts'
import { checkCacheBounds, checkCacheRules } from './cache-rules.ts'
import { checkCallbackRules } from './callback-rules.ts'
import type { Fault, RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { checkJobPlace } from './job-place.ts'
import { checkJobRules } from './job-rules.ts'
import { checkLimitRules } from './limit-rules.ts'
import { checkPlaces } from './place-rules.ts'
import { checkSecretUrl, httpUrl, redisUrl } from './secret-url.ts'
import { checkSignatureRules } from './signature-rules.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.check(host, host.includes(':') ? 'ipv6' : 'ipv4')
}

/**
 * Checks how the settings of `gateway.yaml` fit together, which the schemas of single settings cannot express. A value
 * may still be an unresolved reference instead of a secret, for which a fault has been reported already.
 */
export function checkGatewayRules(settings: GatewaySettings): RuleFault[] {
  const { listen, limits, audit, store, magento, shutdown } = settings
  const faults: RuleFault[] = []
  const { copyTo } = audit.checkpoints ?? {}
  const copies = '/audit/checkpoints/copyTo'
  const { upstreamSignature } = magento
  const ownKey =
    upstreamSignature?.secret instanceof Secret ? upstreamKey(upstreamSignature) : undefined
  if (ownKey !== undefined && 'expected' in ownKey) {
    faults.push({ pointer: '/magento/upstreamSignature/secret', expected: ownKey.expected })
  }
  faults.push(
    ...checkSecretUrl(store.redis, '/store/redis', redisUrl),
    ...checkSecretUrl(copyTo?.redis?.url, `${copies}/redis/url`, redisUrl),
    ...checkSecretUrl(copyTo?.url, `${copies}/url`, httpUrl),
  )
  if ([store.redis, store.sentinel, store.cluster].filter((each) => each).length > 1) {
    faults.push({ pointer: '/store', expected: 'only one of redis, sentinel and cluster' })
  }
  if (!listen.requireHttps && !isLoopback(listen.host)) {
    faults.push({
      pointer: '/listen/requireHttps',
      expected: 'true, or a loopback address in /listen/host',
    })
  }
  faults.push(...checkAdminAddress(settings))
  if (limits.bodyMemoryMiB * 1_048_576 < limits.bodyBytes) {
    faults.push({
      pointer: '/limits/bodyMemoryMiB',
      expected: 'room for at least one body of bodyBytes',
    })
  }
  if (shutdown.deadlineMs <= shutdown.noticeMs) {
    faults.push({
      pointer: '/shutdown/deadlineMs',
      expected: 'more than noticeMs, which is a part of it',
    })
  }
  if (audit.file === undefined && audit.stdout !== true) {
    faults.push({ pointer: '/audit', expected: 'a place for the records: file, stdout or both' })
  }
  if (audit.rotate !== undefined && audit.file === undefined) {
    faults.push({
      pointer: '/audit/rotate',
      expected: 'a file beside it, since stdout is not rotated',
    })
  }
  faults.push(...checkPlaces(settings), ...checkCacheBounds(settings))
  const { checkpoints } = audit
  if (checkpoints !== undefined && audit.file === undefined) {
    faults.push({ pointer: '/audit/checkpoints', expected: 'a file beside it' })
  }
  const { key } = checkpoints ?? {}
  if (key instanceof Secret && readCheckpointKey(key.reveal()) === undefined) {
    const expected = 'an Ed25519 private key in PEM, as `audit keygen` makes it'
    faults.push({ pointer: '/audit/checkpoints/key', expected })
  }
  if (settings.jobs !== undefined) faults.push(...checkJobPlace(settings.jobs, store))
  return faults
}

/** Checks how the settings of one integration fit together. */
export function checkIntegrationRules(integration: IntegrationSettings): RuleFault[] {
  const { credentials, policies, upstream } = integration
  const faults: RuleFault[] = []
  const { token, signature, clientCertificate } = credentials
  if ((token ?? signature ?? clientCertificate) === undefined) {
    faults.push({
      pointer: '/credentials',
      expected: 'a token, a signature or a client certificate',
    })
  }
  if (signature?.scheme === 'body' && policies.ipAllowlist === undefined) {
    faults.push({
      pointer: '/policies/ipAllowlist',
      expected: 'addresses, since a signature over the body alone can be sent again by who saw it',
    })
  }
  const totpSecret = upstream.adminToken?.totpSecret
  if (totpSecret instanceof Secret && decodeBase32(totpSecret.reveal()) === undefined) {
    faults.push({ pointer: '/upstream/adminToken/totpSecret', expected: 'a secret in base32' })
  }
  if (signature?.scheme === 'oauth1' && token !== undefined) {
    faults.push({
      pointer: '/credentials/token',
      expected: 'none, since OAuth takes the header Authorization for itself',
    })
  }
  if (signature !== undefined) faults.push(...checkSignatureRules(signature))
  if (upstream.oauth1 !== undefined) faults.push(...checkFormBodies(policies.jsonBody?.otherTypes))
  faults.push(
    ...checkReportRules(integration),
    ...checkLimitRules(integration),
    ...checkCacheRules(integration),
    ...checkJobRules(integration),
    ...checkCallbackRules(integration),
  )
  for (const [route, details] of Object.entries(policies.auditDetails ?? {})) {
    for (const field of subjectFields) {
      for (const [index, place] of (details[field] ?? []).entries()) {
        if (place.startsWith('/') || route.split('/').includes(place)) continue
        faults.push({
          pointer: `/policies/auditDetails/${escapePointer(route)}/${field}/${index}`,
          expected: `a variable of ${route}, or a JSON Pointer`,
        })
      }
    }
  }
  return faults
}

const formType = 'application/x-www-form-urlencoded'

/** Magento signs the fields of a form with the rest (Magento: Framework/Oauth/Helper/Request.php); the gateway does not. */
function checkFormBodies(
  otherTypes: Readonly<Record<string, readonly string[]>> = {},
): RuleFault[] {
  return Object.entries(otherTypes).flatMap(([route, types]) => {
    const index = types.indexOf(formType)
    if (index < 0) return []
    const pointer = `/policies/jsonBody/otherTypes/${escapePointer(route)}/${index}`
    return [{ pointer, expected: 'another media type, since upstream.oauth1 cannot sign a form' }]
  })
}

/** The policies that can only look into bodies that json-body has parsed. */
const bodyReaders = ['known-attacks', 'sensitive-routes', 'magento-schema', 'request-schema']

/** If json-body only reports, a body that it cannot parse passes those policies unseen, so they must only report too. */
function checkReportRules({ reportOnly }: IntegrationSettings): RuleFault[] {
  if (!Array.isArray(reportOnly) || !reportOnly.includes('json-body')) return []
  if (bodyReaders.every((name) => reportOnly.includes(name))) return []
  const expected = `with json-body also ${bodyReaders.join(', ')}, which would not see such a body`
  return [{ pointer: '/reportOnly', expected }]
}

/** What identifies an integration, as far as its file could be read. */
export interface Identity {
  readonly file: string
  readonly lineOf: (pointer: string) => number | undefined
  readonly name?: unknown
  readonly token?: unknown
  /** Only if the file has no fault. */
  readonly signature?: SignatureSettings | undefined
}

/** Checks that each name, token and signature key identifies a single integration. */
export function checkUniqueness(identities: readonly Identity[]): Fault[] {
  const faults: Fault[] = []
  const names = new Map<string, string>()
  const tokens = new Map<string, string>()
  const signers = new Map<string, string>()
  const claim = (taken: Map<string, string>, key: string, at: Identity, pointer: string) => {
    const { file, lineOf } = at
    const other = taken.get(key)
    if (other === undefined) taken.set(key, file)
    else {
      const expected = `a value that is not used in ${other} too`
      faults.push({ file, pointer, line: lineOf(pointer), expected })
    }
  }
  for (const identity of identities) {
    const { name, token, signature } = identity
    if (typeof name === 'string') claim(names, name, identity, '/name')
    if (token instanceof Secret) {
      claim(tokens, tokenDigest(token.reveal()), identity, '/credentials/token')
    }
    signerIds(signature).forEach((id, index) => {
      claim(signers, id, identity, `/credentials/signature/keys/${index}`)
    })
  }
  return faults
}

/** Checks that there is a public URL if a scheme signs the gateway's name, since callers can choose the Host header. */
export function checkPublicUrl(
  file: string,
  gateway: GatewaySettings,
  integrations: readonly IntegrationSettings[],
): Fault[] {
  if (gateway.listen.publicUrl !== undefined) return []
  const signer = integrations.find(({ credentials: { signature } }) =>
    ['rfc9421', 'oauth1'].includes(signature?.scheme ?? ''),
  )
  if (signer === undefined) return []
  const expected = `a value, since ${signer.name} signs the name of the gateway`
  return [{ file, pointer: '/listen/publicUrl', line: undefined, expected }]
}
