import { badRequest } from './magento-error.ts'

/** What a request target means to Magento's REST API. */
export interface Target {
  readonly kind: 'sync' | 'async' | 'bulk' | 'schema'
  /** The store code, `all` included; undefined for the default store. */
  readonly store: string | undefined
  /** From the version on, still encoded: `/V1/products/24-MB01`. */
  readonly path: string
}

/**
 * Resolves a raw request target; undefined when it is none of the REST API's.
 * Source: Magento: Webapi/Controller/PathProcessor.php, and the request processors' patterns.
 * @throws {MagentoError} 400 when no processor takes it
 */
export function resolveTarget(rawTarget: string, stores: readonly string[]): Target | undefined {
  const path = (rawTarget.split('?')[0] ?? '').replace(/^\/+/, '/').replace(/\/+$/, '')
  const [, front, ...segments] = path.split('/')
  if (front !== 'rest') return undefined
  // An empty segment is no store, and is passed over where a store could stand.
  if (segments[0] === '') segments.shift()
  const [first = ''] = segments
  const store = first === 'all' || stores.includes(first) ? segments.shift() : undefined
  const rest = `/${segments.join('/')}`
  if (/^\/(?:async\/(?:bulk\/)?)?schema/.test(rest)) return { kind: 'schema', store, path: rest }
  const kinds = [
    ['sync', /^(\/V\d+\/?.*)$/],
    ['bulk', /^\/async\/bulk(\/V.+)$/],
    ['async', /^\/async(\/V.+)$/],
  ] as const
  for (const [kind, form] of kinds) {
    const matched = form.exec(rest)?.[1]
    if (matched !== undefined) return { kind, store, path: matched }
  }
  throw badRequest('Specified request cannot be processed.')
}
