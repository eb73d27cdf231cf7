import { CertificatePinSetting, compileCertificatePin } from '../certificate-pin.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'

/** Verifies that the caller holds the certificate that is pinned for the integration. */
export const clientCertificatePin = definePolicy({
  name: 'client-certificate-pin',
  stage: 'authenticate',
  section: 'credentials',
  key: 'clientCertificate',
  settings: CertificatePinSetting(),
  prepare: (pin, services) => {
    const isPinned = compileCertificatePin(pin)
    return function checkClientCertificatePin({ clientCertificate }) {
      if (clientCertificate === undefined) return reject('unauthenticated', 'no client certificate')
      return isPinned(clientCertificate, services.clock())
        ? allow
        : reject('unauthenticated', 'client certificate is not the pinned one')
    }
  },
})
