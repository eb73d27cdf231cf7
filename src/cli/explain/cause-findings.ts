import type { ClientString } from './client-strings.ts'
import { finding } from './explanation.ts'
import type { FoundCause } from './find-cause.ts'

/** The result of a search for the cause. */
export interface Search {
  readonly found: FoundCause | undefined
  /** The string as the client's own code prints it. */
  readonly client: ClientString | undefined
  /** Parts of the request that are not available, which may be why no cause was found. */
  readonly missing: readonly string[]
  /** Describes where a string differs from the gateway's; undefined if it does not. */
  readonly differenceOf: (string: ClientString) => string | undefined
}

/** Describes the cause, as far as it was found. */
export function causeFindings({ found, client, missing, differenceOf }: Search): string[] {
  if (found !== undefined) return foundCause(found, differenceOf(found.string))
  if (missing.length > 0) {
    return [
      finding('cause', 'not found: the record does not hold all that was signed. Give what the'),
      finding('', `client sends: ${missing.join(', ')}`),
    ]
  }
  if (client === undefined) {
    return [
      finding('cause', 'no usual mistake fits: a wrong secret, or the body or another part was'),
      finding('', 'changed in transit. With --client FILE, the string as the code of the client'),
      finding('', 'prints it, the first line that differs is shown.'),
    ]
  }
  const difference = differenceOf(client)
  if (difference === undefined) {
    return [finding('cause', 'a wrong secret: the strings are equal, and no secret here fits')]
  }
  return [
    finding('cause', difference),
    finding('', "no secret here fits the client's string either: it is not the one that was"),
    finding('', 'signed, or the secret is wrong as well'),
  ]
}

function foundCause({ causes, keyId }: FoundCause, difference: string | undefined): string[] {
  const key = finding('key', keyId)
  if (causes.length > 0) {
    return [...causes.map((cause) => finding('cause', `the client ${cause}`)), key]
  }
  if (difference === undefined) {
    return [finding('cause', 'string and secret are right: the reason above is all there is'), key]
  }
  return [
    finding('cause', `${difference}: the client signed something else than it sent, or it was`),
    finding('', 'changed in transit'),
    key,
  ]
}
