import { BlockList } from 'node:net'
import { Secret } from '../contract/secret.ts'
import { upstreamKey } from '../forward/upstream-signature.ts'
import { readCheckpointKey } from '../record/trail/checkpoint-key.ts'
import { checkAdminAddress } from './admin-address.ts'
import { checkCacheBounds } from './cache-rules.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { checkJobPlace } from './job-place.ts'
import { checkSecretUrl, httpUrl, redisUrl } from './secret-url.ts'
import { checkStorePlace } from './store-place.ts'
import { checkWrittenFiles } from './written-files.ts'

/**
 * Checks how the settings of `gateway.yaml` fit together, which the schemas of single settings cannot express. A value
 * may still be an unresolved reference instead of a secret, for which a fault has been reported already.
 */
export function checkGatewayRules(settings: GatewaySettings): RuleFault[] {
  const { listen, limits, audit, store, magento, shutdown, jobs } = settings
  const { refusals } = limits.perAddress
  return [
    ...checkUpstreamKey(magento),
    ...checkStorePlace(store),
    ...faultAt(
      '/listen/requireHttps',
      !listen.requireHttps &&
        !isLoopback(listen.host) &&
        'true, or a loopback address in /listen/host',
    ),
    ...faultAt(
      '/listen',
      listen.requireHttps &&
        listen.tls === undefined &&
        listen.trustedProxies.length === 0 &&
        'a way for requests to arrive over TLS: tls, or trustedProxies in front; or requireHttps: false on a loopback address',
    ),
    ...checkAdminAddress(settings),
    ...faultAt(
      '/limits/bodyMemoryMiB',
      limits.bodyMemoryMiB * 1_048_576 < limits.bodyBytes &&
        'room for at least one body of bodyBytes',
    ),
    ...faultAt(
      '/limits/perAddress/refusals/longestPenaltyMs',
      refusals.longestPenaltyMs < refusals.penaltyMs &&
        `at least penaltyMs, ${refusals.penaltyMs}, which is the first one`,
    ),
    ...faultAt(
      '/shutdown/deadlineMs',
      shutdown.deadlineMs <= shutdown.noticeMs && 'more than noticeMs, which is a part of it',
    ),
    ...checkAudit(audit),
    ...checkWrittenFiles(settings),
    ...checkCacheBounds(settings),
    ...(jobs === undefined ? [] : checkJobPlace(jobs, store)),
  ]
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.check(host, host.includes(':') ? 'ipv6' : 'ipv4')
}

function checkUpstreamKey({ upstreamSignature }: GatewaySettings['magento']): RuleFault[] {
  if (!(upstreamSignature?.secret instanceof Secret)) return []
  const key = upstreamKey(upstreamSignature)
  return faultAt('/magento/upstreamSignature/secret', 'expected' in key && key.expected)
}

function checkAudit({ file, stdout, rotate, checkpoints }: GatewaySettings['audit']): RuleFault[] {
  const hasNoFile = file === undefined
  const { copyTo, key } = checkpoints ?? {}
  const copies = '/audit/checkpoints/copyTo'
  const isKeyWrong = key instanceof Secret && readCheckpointKey(key.reveal()) === undefined
  return [
    ...faultAt(
      '/audit',
      hasNoFile && stdout !== true && 'a place for the records: file, stdout or both',
    ),
    ...faultAt(
      '/audit/rotate',
      hasNoFile && rotate !== undefined && 'a file beside it, since stdout is not rotated',
    ),
    ...faultAt('/audit/checkpoints', hasNoFile && checkpoints !== undefined && 'a file beside it'),
    ...faultAt(
      '/audit/checkpoints/key',
      isKeyWrong && 'an Ed25519 private key in PEM, as `audit keygen` makes it',
    ),
    ...checkSecretUrl(copyTo?.redis?.url, `${copies}/redis/url`, redisUrl),
    ...checkSecretUrl(copyTo?.url, `${copies}/url`, httpUrl),
  ]
}

/** Checks that there is a public URL if a scheme signs the gateway's name, since callers can choose the Host header. */
export function checkPublicUrl(
  { listen }: GatewaySettings,
  integrations: readonly IntegrationSettings[],
): RuleFault[] {
  if (listen.publicUrl !== undefined) return []
  const signer = integrations.find(({ credentials: { signature } }) =>
    ['rfc9421', 'oauth1'].includes(signature?.scheme ?? ''),
  )
  return faultAt(
    '/listen/publicUrl',
    signer && `a value, since ${signer.name} signs the name of the gateway`,
  )
}
