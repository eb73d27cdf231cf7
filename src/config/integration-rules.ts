import { subjectFields } from '../contract/audit-details.ts'
import { Secret } from '../contract/secret.ts'
import { decodeBase32 } from '../forward/admin-token/base32.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { checkCacheRules } from './cache-rules.ts'
import { checkCallbackRules } from './callback-rules.ts'
import { checkCriteriaRules } from './criteria-rules.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { checkJobRules, checkPlacesIn } from './job-rules.ts'
import { checkLimitRules } from './limit-rules.ts'
import { checkSignatureRules } from './signature-rules.ts'

/** Checks how the settings of one integration fit together. */
export function checkIntegrationRules(integration: IntegrationSettings): RuleFault[] {
  const { credentials, policies, upstream } = integration
  const { token, signature, clientCertificate } = credentials
  const totpSecret = upstream.adminToken?.totpSecret
  const isTotpWrong =
    totpSecret instanceof Secret && decodeBase32(totpSecret.reveal()) === undefined
  return [
    ...faultAt(
      '/credentials',
      (token ?? signature ?? clientCertificate) === undefined &&
        'a token, a signature or a client certificate',
    ),
    ...faultAt(
      '/policies/ipAllowlist',
      signature?.scheme === 'body' &&
        policies.ipAllowlist === undefined &&
        'addresses, since a signature over the body alone can be sent again by whoever has seen it',
    ),
    ...faultAt('/upstream/adminToken/totpSecret', isTotpWrong && 'a secret in base32'),
    ...faultAt(
      '/credentials/token',
      signature?.scheme === 'oauth1' &&
        token !== undefined &&
        'none, since the header Authorization is for OAuth',
    ),
    ...(signature === undefined ? [] : checkSignatureRules(signature)),
    ...(upstream.oauth1 === undefined ? [] : checkFormBodies(policies.jsonBody?.otherTypes)),
    ...checkReportRules(integration),
    ...checkLimitRules(integration),
    ...checkCacheRules(integration),
    ...checkCriteriaRules(integration),
    ...checkJobRules(integration),
    ...checkCallbackRules(integration),
    ...checkAuditDetails(integration),
    ...checkDeprecations(integration),
  ]
}

const formType = 'application/x-www-form-urlencoded'

/** Magento signs the fields of a form with the rest (Magento: Framework/Oauth/Helper/Request.php); the gateway does not. */
function checkFormBodies(
  otherTypes: Readonly<Record<string, readonly string[]>> = {},
): RuleFault[] {
  return Object.entries(otherTypes).flatMap(([route, types]) => {
    const index = types.indexOf(formType)
    return faultAt(
      `/policies/jsonBody/otherTypes/${escapePointer(route)}/${index}`,
      index >= 0 && 'another media type, since upstream.oauth1 cannot sign a form',
    )
  })
}

/** The policies that can only look into bodies that json-body has parsed. */
const bodyReaders = ['known-attacks', 'sensitive-routes', 'magento-schema', 'request-schema']

/** If json-body only reports, a body that it cannot parse passes those policies unseen, so they must only report too. */
function checkReportRules({ reportOnly }: IntegrationSettings): RuleFault[] {
  if (!Array.isArray(reportOnly) || !reportOnly.includes('json-body')) return []
  const isComplete = bodyReaders.every((name) => reportOnly.includes(name))
  const expected = `with json-body also ${bodyReaders.join(', ')}, which would not see such a body`
  return faultAt('/reportOnly', !isComplete && expected)
}

function checkAuditDetails({ policies }: IntegrationSettings): RuleFault[] {
  return Object.entries(policies.auditDetails ?? {}).flatMap(([route, details]) =>
    subjectFields.flatMap((field) =>
      checkPlacesIn(
        route,
        details[field] ?? [],
        `/policies/auditDetails/${escapePointer(route)}/${field}`,
      ),
    ),
  )
}

/** RFC 9745, section 4. */
function checkDeprecations({ policies }: IntegrationSettings): RuleFault[] {
  return Object.entries(policies.deprecations ?? {}).flatMap(([route, { since, sunset = since }]) =>
    faultAt(
      `/policies/deprecations/${escapePointer(route)}/sunset`,
      sunset < since && 'no earlier date than since',
    ),
  )
}
