import type { SignatureSettings } from '../../authenticate/signature-settings.ts'
import { explainHmac } from './explain-hmac.ts'
import { explainMessageSignature } from './explain-message-signature.ts'
import { explainOauth1 } from './explain-oauth1.ts'
import type { SignatureFindings } from './explanation.ts'
import { hmacRequestOf } from './hmac-request.ts'
import type { IntegrationToExplain } from './integration-to-explain.ts'
import type { SchemeCase } from './scheme-case.ts'

/** Explains the signature of a complete request, according to the scheme of its integration. */
export function explainSignature(
  settings: SignatureSettings,
  schemeCase: SchemeCase & Pick<IntegrationToExplain, 'token' | 'foreignKeys'>,
): SignatureFindings {
  switch (settings.scheme) {
    case 'rfc9421':
      return explainMessageSignature(settings, schemeCase)
    case 'oauth1':
      return explainOauth1(settings, schemeCase)
    default:
      return explainHmac({
        ...schemeCase,
        ...settings,
        request: hmacRequestOf(schemeCase.request),
        missing: [],
      })
  }
}
