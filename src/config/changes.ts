import type { Config } from '../config.ts'
import { changedPointers, sameSettings } from './same-settings.ts'

/** What is different in a configuration; names and places, no values. */
export interface ConfigChanges {
  /** JSON Pointers into `gateway.yaml`. */
  readonly settings: readonly string[]
  /** Names. */
  readonly integrations: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    readonly changed: readonly string[]
  }
  /** Whether the endpoints of the shop's own differ. */
  readonly endpoints: boolean
  /** Whether what the shop says it understands differs. */
  readonly magentoSchema: boolean
}

/** Tells what is different between two configurations. */
export function describeChanges(before: Config, after: Config): ConfigChanges {
  const old = new Map(before.integrations.map((each) => [each.name, each]))
  const next = new Map(after.integrations.map((each) => [each.name, each]))
  return {
    settings: changedPointers(before.gateway, after.gateway),
    integrations: {
      added: [...next.keys()].filter((name) => !old.has(name)),
      removed: [...old.keys()].filter((name) => !next.has(name)),
      changed: [...next.keys()].filter(
        (name) => old.has(name) && !sameSettings(old.get(name), next.get(name)),
      ),
    },
    endpoints: !sameSettings(before.endpoints, after.endpoints),
    magentoSchema: !sameSettings(before.magentoSchema, after.magentoSchema),
  }
}
