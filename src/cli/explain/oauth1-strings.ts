import { oauth1BaseString, type SignedParts } from '../../authenticate/oauth1/base-string.ts'
import type { Oauth1Parameters } from '../../authenticate/oauth1/oauth1-parameters.ts'
import type { ClientString } from './client-strings.ts'
import { originVariants } from './origin-variants.ts'
import type { SchemeCase } from './scheme-case.ts'
import { lowerEscapes, pathVariants } from './target-variants.ts'
import { combinations, distinctVariants, mostChanges, type Variant } from './variant.ts'

interface BaseStringParts {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly query: string
  readonly parameters: Oauth1Parameters
  readonly write: (base: string) => string
}

/** The signature base strings that a client may have signed, the gateway's own first. */
export function oauth1Strings(
  { method, path, query = '' }: SignedParts,
  parameters: Oauth1Parameters,
  { origin, magentoUrl, request }: Pick<SchemeCase, 'origin' | 'magentoUrl' | 'request'>,
): ClientString[] {
  const found = combinations<BaseStringParts>(
    {
      method: distinctVariants(method, [
        [method.toLowerCase(), 'signed the method in lower case'],
        ['GET', 'signed the method GET'],
      ]),
      origin: originVariants(origin, request.header('host') ?? '', magentoUrl),
      path: pathVariants(path, query),
      query: distinctVariants(query, [
        ['', 'left the query out of what it signed'],
        [query.replaceAll('+', '%2B'), 'signed a + in the query as itself, and not as a space'],
        [query.replaceAll('%', '%25'), 'signed the query encoded once more than it sent it'],
      ]),
      parameters: parameterVariants(parameters),
      write: writings,
    },
    mostChanges,
  )
  return found.flatMap(({ parts, causes }) => {
    const { parameters: own, write, ...signed } = parts
    const base = oauth1BaseString(signed, own)
    return typeof base === 'object' ? [] : [{ signed: write(base), causes, hasLines: true }]
  })
}

function parameterVariants(parameters: Oauth1Parameters): Variant<Oauth1Parameters>[] {
  const { oauth_version: version, oauth_body_hash: bodyHash, ...others } = parameters
  const variants: Variant<Oauth1Parameters>[] = [{ value: parameters }]
  if (version === undefined) {
    const value = { ...parameters, oauth_version: '1.0' }
    variants.push({ value, cause: 'signed oauth_version, and did not send it' })
  } else {
    const value = { ...others, ...(bodyHash !== undefined && { oauth_body_hash: bodyHash }) }
    variants.push({ value, cause: 'sent oauth_version, and did not sign it' })
  }
  if (bodyHash !== undefined) {
    const value = { ...others, ...(version !== undefined && { oauth_version: version }) }
    variants.push({ value, cause: 'sent oauth_body_hash, and did not sign it' })
  }
  return variants
}

const writings: readonly Variant<BaseStringParts['write']>[] = [
  { value: (base) => base },
  { value: (base) => `${base}\n`, cause: 'signed a line feed at the end' },
  {
    value: (base) => base.split('&').map(decodeURIComponent).join('&'),
    cause: 'did not percent-encode the parts of the base string',
  },
  { value: lowerEscapes, cause: 'percent-encoded in lower case (%2f)' },
  {
    value: (base) => base.replaceAll('%2520', '%2B'),
    cause: 'encoded a space as +, and not as %20',
  },
  {
    value: (base) => base.replace(/(?<=&|%26)[^&]*?(?=%3D)/g, (name) => decodeURIComponent(name)),
    cause: 'did not percent-encode the names of the parameters',
  },
]
