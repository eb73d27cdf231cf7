import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { changedPointers, sameSettings } from './same-settings.ts'

/** The differences between two configurations: names and places, but no values. */
export interface ConfigChanges {
  /** JSON Pointers into `gateway.yaml`. */
  readonly settings: readonly string[]
  /** The names of integrations. */
  readonly integrations: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    readonly changed: readonly string[]
  }
  /** Whether the endpoints that the operator defined differ. */
  readonly endpoints: boolean
  /** Whether the schema of the shop differs. */
  readonly magentoSchema: boolean
}

/** How many integrations are compared in a row. */
const comparedAtOnce = 500

/** Describes the differences between two configurations. If they are long, requests are served meanwhile. */
export async function describeChanges(before: Config, after: Config): Promise<ConfigChanges> {
  const old = new Map(before.integrations.map((each) => [each.name, each]))
  const next = new Map(after.integrations.map((each) => [each.name, each]))
  const changed: string[] = []
  for (const [index, integration] of after.integrations.entries()) {
    const { name } = integration
    if (index % comparedAtOnce === 0) await nextTurn()
    if (old.has(name) && !sameSettings(old.get(name), integration)) changed.push(name)
  }
  return {
    settings: changedPointers(before.gateway, after.gateway),
    integrations: {
      added: [...next.keys()].filter((name) => !old.has(name)),
      removed: [...old.keys()].filter((name) => !next.has(name)),
      changed,
    },
    endpoints: !sameSettings(before.endpoints, after.endpoints),
    magentoSchema: !sameSettings(before.magentoSchema, after.magentoSchema),
  }
}
