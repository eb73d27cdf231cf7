import { Type } from 'typebox'
import { RoutePatternSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { routePresets } from './route-presets.ts'

/** A setting that grants a route, or a group of them. */
export function GrantSetting() {
  return Type.Union(
    [
      RoutePatternSetting(),
      Type.Object(
        {
          tag: Type.String({
            description: "Tag of the shop's schema, which stands for all operations that have it.",
          }),
        },
        closed,
      ),
      Type.Object(
        {
          preset: Type.Enum(Object.keys(routePresets), {
            description: 'Group of routes that integrations commonly need.',
          }),
        },
        closed,
      ),
    ],
    {
      expected: `a method and a path, such as GET /V1/products/:sku; or {tag: …}; or {preset: …} of ${Object.keys(routePresets).join(', ')}`,
    },
  )
}

/** A grant as written in the configuration. */
export type Grant = string | { readonly tag: string } | { readonly preset: string }

/** The routes of grants. Tags and presets are skipped: loading the configuration has replaced them by their routes. */
export function routesOf(grants: readonly Grant[] = []): readonly string[] {
  return grants.filter((grant) => typeof grant === 'string')
}
