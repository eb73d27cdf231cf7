import type { CertificatePin } from '../contract/certificate-pin.ts'
import { type Fault, faultAt, inFile, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import type { Identity } from './uniqueness.ts'

const at = '/credentials/clientCertificate'

/** Checks that callers can show the certificate that is asked of them; otherwise each request would get a 401. */
export function checkCertificateShown(
  { credentials: { clientCertificate: pin } }: IntegrationSettings,
  { listen: { tls, trustedProxies, clientCertificateHeader } }: GatewaySettings,
): RuleFault[] {
  if (pin === undefined) return []
  if (clientCertificateHeader !== undefined && trustedProxies.length > 0) return []
  const forwarded = 'trustedProxies with clientCertificateHeader'
  if (tls === undefined) {
    return faultAt(at, `a listener to which callers can show it: tls, or ${forwarded}`)
  }
  const isUntrusted = tls.clientCaFile === undefined && pin.subject !== undefined
  return faultAt(
    `${at}/subject`,
    isUntrusted && `an authority that vouches for it: listen.tls.clientCaFile, or ${forwarded}`,
  )
}

interface Pinned extends Identity {
  readonly pin: CertificatePin
  readonly hasToken: boolean
}

/**
 * A certificate has to identify a single integration, as tokens and signature keys do. If it fitted two of them, the
 * first would be chosen, with its grants. Two integrations may share a certificate if both have a token, which then
 * tells them apart.
 */
export function checkCertificates(identities: readonly Identity[]): Fault[] {
  const pinned = identities.flatMap((each): Pinned[] => {
    const { clientCertificate: pin, token } = each.credentials ?? {}
    return pin === undefined ? [] : [{ ...each, pin, hasToken: token !== undefined }]
  })
  const owners = new Map<string, Pinned[]>()
  for (const each of pinned) {
    for (const key of keysOf(each.pin)) owners.set(key, [...(owners.get(key) ?? []), each])
  }
  const told = new Set<Pinned>()
  return pinned.flatMap((each): Fault[] => {
    told.add(each)
    const other = reachedBy(each.pin)
      .flatMap((key) => owners.get(key) ?? [])
      // Of two integrations with the same pin, the fault is reported for the later one.
      .find((one) => one !== each && !(one.hasToken && each.hasToken) && isTold(one, each, told))
    const expected =
      other && `a certificate that is not one of ${other.file} too, or a token in both`
    return inFile(each, faultAt(at, expected))
  })
}

function isTold(other: Pinned, each: Pinned, before: ReadonlySet<Pinned>): boolean {
  const keys = keysOf(each.pin)
  return before.has(other) || !keysOf(other.pin).some((key) => keys.includes(key))
}

function keysOf({ spkiSha256 = [], subject }: CertificatePin): string[] {
  const keys = spkiSha256.map((digest) => `key ${digest}`)
  return subject === undefined ? keys : [...keys, keyOfSubject(Object.entries(subject))]
}

/** All pins that a certificate with this pin fits: for a subject, also those with only some of its attributes. */
function reachedBy(pin: CertificatePin): string[] {
  if (pin.subject === undefined) return keysOf(pin)
  let parts: [name: string, value: string][][] = [[]]
  for (const attribute of Object.entries(pin.subject)) {
    parts = parts.flatMap((part) => [part, [...part, attribute]])
  }
  return parts.map(keyOfSubject)
}

function keyOfSubject(attributes: readonly (readonly [name: string, value: string])[]): string {
  return `subject ${JSON.stringify([...attributes].sort(([one], [other]) => (one < other ? -1 : 1)))}`
}
