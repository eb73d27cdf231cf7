import { CertificatePinSetting, compileCertificatePin } from '../contract/certificate-pin.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'

/** Verifies that the caller's TLS certificate is the one that is pinned for the integration. */
export const clientCertificatePin = definePolicy({
  name: 'client-certificate-pin',
  stage: 'authenticate',
  section: 'credentials',
  key: 'clientCertificate',
  settings: CertificatePinSetting,
  prepare: (pin, services) => {
    const isPinned = compileCertificatePin(pin)
    return function checkClientCertificatePin(request) {
      const { clientCertificate } = request
      if (clientCertificate !== undefined && isPinned(clientCertificate, services.clock())) {
        return allow
      }
      services.spendDecoy(request)
      const reason = 'client certificate is not the pinned one'
      return reject(
        'unauthenticated',
        clientCertificate === undefined ? 'no client certificate' : reason,
      )
    }
  },
})
