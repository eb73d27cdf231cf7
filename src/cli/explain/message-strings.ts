import {
  type SignedMessage,
  signatureBase,
} from '../../authenticate/message-signature/signature-base.ts'
import type { MessageSignature } from '../../authenticate/message-signature/signature-input.ts'
import { firstValue } from '../../syntax/headers.ts'
import type { ClientString } from './client-strings.ts'
import { originVariants } from './origin-variants.ts'
import type { SchemeCase } from './scheme-case.ts'
import { pathVariants, queryVariants } from './target-variants.ts'
import { combinations, distinctVariants, type Variant } from './variant.ts'

/** Fewer than for HMACs, since trying a public key takes far longer. */
const mostChanges = 2

interface MessageParts {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly origin: string
  readonly write: (base: string) => string
}

/** The signature bases that a client may have signed, the gateway's own first. */
export function messageStrings(
  message: SignedMessage,
  { components, signatureParams }: MessageSignature,
  { origin, magentoUrl }: Pick<SchemeCase, 'origin' | 'magentoUrl'>,
): ClientString[] {
  const { method, path, query = '', rawHeaders } = message
  const host = firstValue(rawHeaders, 'host') ?? ''
  const found = combinations<MessageParts>(
    {
      method: distinctVariants(method, [[method.toLowerCase(), 'signed the method in lower case']]),
      path: pathVariants(path, query),
      query: queryVariants(query),
      origin: originVariants(origin, host, magentoUrl),
      write: writings(firstValue(rawHeaders, 'signature-input') ?? ''),
    },
    mostChanges,
  )
  return found.flatMap(({ parts, causes }) => {
    const [scheme, authority = ''] = parts.origin.split('://')
    const base = signatureBase(
      {
        method: parts.method,
        path: parts.path,
        query: parts.query === '' ? undefined : parts.query,
        rawHeaders,
      },
      { scheme: scheme === 'https' ? 'https' : 'http', authority },
      components,
      signatureParams,
    )
    if (typeof base === 'object') return []
    return [{ signed: parts.write(base), causes, hasLines: true }]
  })
}

function writings(signatureInput: string): Variant<MessageParts['write']>[] {
  const [, label = '', input = ''] = /^([^=]+)=(.*)$/.exec(signatureInput.trimStart()) ?? []
  const params = '"@signature-params": '
  const withParams = (value: string) => (base: string) =>
    base.slice(0, base.lastIndexOf(params)) + params + value
  return [
    { value: (base) => base },
    { value: (base) => `${base}\n`, cause: 'signed a line feed after the last line' },
    { value: (base) => base.replaceAll('\n', '\r\n'), cause: 'joined the lines by CR LF' },
    {
      value: (base) => base.replace('"@query": ?', '"@query": '),
      cause: 'signed @query without ?',
    },
    {
      value: (base) => base.replace(/^"([^"]+)": /gm, '$1: '),
      cause: 'wrote the names of the components without quotes',
    },
    {
      value: (base) => base.slice(0, base.lastIndexOf(`\n${params}`)),
      cause: 'left out the last line, @signature-params',
    },
    {
      value: withParams(input),
      cause: 'signed the parameters in another form than the strict one (RFC 9421, section 2.3)',
    },
    {
      value: withParams(`${label}=${input}`),
      cause: 'signed the label of the signature with its parameters',
    },
  ]
}
