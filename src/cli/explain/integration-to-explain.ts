import type { SharedSecret } from '../../authenticate/shared-secrets.ts'
import type { SignatureSettings } from '../../authenticate/signature-settings.ts'
import type { Config } from '../../config.ts'
import type { ClientKey } from './client-keys.ts'
import { Unreadable } from './unreadable.ts'

/** The parts of the configuration that are needed to explain a signature. */
export interface IntegrationToExplain {
  readonly name: string
  readonly settings: SignatureSettings
  readonly token: string | undefined
  /** Secrets of other integrations, which the client may have taken by mistake. */
  readonly foreignKeys: readonly ClientKey[]
}

/**
 * Finds an integration that signs its requests.
 * @throws {Unreadable} when there is no integration with this name, or it does not sign
 */
export function integrationToExplain(config: Config, name: string): IntegrationToExplain {
  const own = config.integrations.find((each) => each.name === name)
  if (own === undefined) {
    const names = config.integrations.map((each) => each.name).join(', ')
    throw new Unreadable(`no integration has the name ${name}; there are: ${names}`)
  }
  const { signature, token } = own.credentials
  if (signature === undefined) throw new Unreadable(`${name} does not sign its requests`)
  return {
    name,
    settings: signature,
    token: token?.reveal(),
    foreignKeys: foreignKeys(config, name),
  }
}

function foreignKeys({ integrations }: Config, name: string): ClientKey[] {
  return integrations
    .filter((each) => each.name !== name)
    .flatMap((each) =>
      secretsOf(each.credentials.signature).map(({ id, value }) => ({
        id,
        key: value.reveal(),
        algorithm: 'sha256' as const,
        causes: [`used a secret of the integration ${each.name}`],
      })),
    )
}

function secretsOf(signature: SignatureSettings | undefined): readonly SharedSecret[] {
  return signature !== undefined && 'secrets' in signature ? signature.secrets : []
}
