import { compileSignerSearch } from '../authenticate/claimed-signer.ts'
import type { Config } from '../config.ts'
import { compileCertificatePin } from '../contract/certificate-pin.ts'
import { ratePerSecond } from '../contract/rate.ts'
import { tokenDigest } from '../contract/token-digest.ts'
import type { StepFacts } from '../pipeline.ts'
import type { PenaltySettings } from '../store/address-penalties.ts'

/** What the steps need to know of a configuration. */
export function stepFacts({ gateway, integrations }: Config): StepFacts {
  const { listen, magento, limits } = gateway
  return {
    stores: new Set(magento.stores),
    trustedProxies: listen.trustedProxies,
    requireHttps: listen.requireHttps,
    hsts: listen.hsts,
    perAddress: {
      ratePerSecond: ratePerSecond(limits.perAddress.rate),
      burst: limits.perAddress.burst,
    },
    names: new Set(integrations.map(({ name }) => name)),
    bySignature: compileSignerSearch(
      integrations.map(({ name, credentials: { signature } }) => ({ name, signature })),
    ),
    clientCertificateHeader: listen.clientCertificateHeader?.toLowerCase(),
    certificatePins: new Map(
      integrations.flatMap(({ name, credentials: { clientCertificate: pin } }) =>
        pin === undefined ? [] : [[name, compileCertificatePin(pin)]],
      ),
    ),
    byToken: new Map(
      integrations.flatMap(({ name, credentials: { token } }) =>
        token === undefined ? [] : [[tokenDigest(token.reveal()), name]],
      ),
    ),
  }
}

/** How addresses are blocked whose requests are refused too often, as when somebody guesses secrets. */
export function penaltySettingsOf({
  rate,
  burst,
  penaltyMs,
  longestPenaltyMs,
}: Config['gateway']['limits']['perAddress']['refusals']): PenaltySettings {
  return {
    refusals: { ratePerSecond: ratePerSecond(rate), burst },
    firstMs: penaltyMs,
    longestMs: longestPenaltyMs,
  }
}
