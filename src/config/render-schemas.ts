import { EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { isObject } from '../syntax/is-object.ts'
import { GatewaySettings } from './gateway-settings.ts'
import { IntegrationSettings } from './integration-settings.ts'
import { PolicyClassSettings } from './policy-classes.ts'

/**
 * The JSON Schemas of the configuration files for editors, by file name below `config/`. Settings with a default are not
 * required in them, since a file may leave those out.
 */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ['endpoint.schema.json', render(EndpointFileSettings)],
    ['gateway.schema.json', render(GatewaySettings)],
    ['integration.schema.json', render(IntegrationSettings)],
    ['policy-class.schema.json', render(PolicyClassSettings)],
  ])
}

function render(schema: object): string {
  const document = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema }
  return `${JSON.stringify(document, forEditors, 2)}\n`
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>
  readonly required?: readonly string[]
}

const ownKeywords = new Set([
  'discriminator',
  'expected',
  'isUserName',
  'minSecretLength',
  'reference',
  'secretForm',
])

/** Drops keywords that only the gateway understands, and requirements of settings that have a default. */
function forEditors(key: string, value: unknown): unknown {
  if (ownKeywords.has(key)) return undefined
  if (!isObject(value) || Array.isArray(value)) return value
  const { properties, required } = value as ObjectSchema
  if (properties === undefined || !Array.isArray(required)) return value
  const needed = required.filter((name) => properties[name]?.default === undefined)
  return { ...value, required: needed }
}
