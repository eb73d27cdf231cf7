import type { Secret } from '../../contract/secret.ts'
import type { SignedHeader } from './curl-command.ts'

/** What is signed; every part byte for byte as it will be sent. */
export interface RequestToSign {
  readonly method: string
  /** Scheme and host, with the port where the URL has one. */
  readonly origin: string
  readonly path: string
  /** Without its `?`; undefined where there is none. */
  readonly query: string | undefined
  readonly body: Buffer
}

/** What a scheme signs with: options of the command, references followed. */
export interface SigningCredentials {
  /** Values of the options that refer to secrets, by the name of the option. */
  readonly secrets: ReadonlyMap<string, Secret>
  readonly keyId: string | undefined
}

/** Makes the headers that one scheme adds. */
export interface Signer {
  /** Options with secrets that it cannot do without. */
  readonly needs: readonly string[]
  /** @throws TypeError when an option cannot be used; its message says which, and no secret */
  readonly sign: (request: RequestToSign, credentials: SigningCredentials) => SignedHeader[]
}

/** The plain value of an option that {@link Signer.needs} has. */
export function secretOf({ secrets }: SigningCredentials, option: string): string {
  return secrets.get(option)?.reveal() ?? ''
}
