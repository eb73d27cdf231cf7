import type { Secret } from '../../contract/secret.ts'
import type { SignedHeader } from './curl-command.ts'

/** The request to sign; every part is byte for byte as it will be sent. */
export interface RequestToSign {
  readonly method: string
  /** Scheme and host, and the port if the URL has one. */
  readonly origin: string
  readonly path: string
  /** The query without its `?`; undefined if there is none. */
  readonly query: string | undefined
  readonly body: Buffer
}

/** What a scheme signs with: the options of the command, with references resolved. */
export interface SigningCredentials {
  /** The secrets that options refer to, by the name of the option. */
  readonly secrets: ReadonlyMap<string, Secret>
  readonly keyId: string | undefined
}

/** An option with a secret. */
export type SecretOption =
  | 'secret'
  | 'consumer-key'
  | 'consumer-secret'
  | 'access-token'
  | 'access-token-secret'

/** Makes the headers that one scheme adds. */
export interface Signer {
  /** The options with secrets that the scheme requires. */
  readonly needs: readonly SecretOption[]
  /** @throws TypeError when an option cannot be used; the message says which one, but contains no secret */
  readonly sign: (request: RequestToSign, credentials: SigningCredentials) => SignedHeader[]
}

/** The plain value of one of the options in {@link Signer.needs}. */
export function secretOf({ secrets }: SigningCredentials, option: SecretOption): string {
  return secrets.get(option)?.reveal() ?? ''
}
