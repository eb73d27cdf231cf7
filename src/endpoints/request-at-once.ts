import type { Endpoint, JsonSchema } from '../contract/endpoint.ts'

/**
 * The schema of a request when nothing can become a job: its lists may be no longer than the endpoint can answer at
 * once.
 */
export function requestAtOnce({ request, isLong }: Endpoint): JsonSchema | undefined {
  if (request === undefined || isLong === undefined) return request
  const properties = Object.entries(request.properties as Readonly<Record<string, JsonSchema>>).map(
    ([name, schema]) => {
      const { maxItems } = schema
      if (typeof maxItems !== 'number') return [name, schema]
      const most = mostOf(maxItems, (count) => isLong({ [name]: Array(count) }))
      return [name, { ...schema, maxItems: most }]
    },
  )
  return { ...request, properties: Object.fromEntries(properties) }
}

/** The largest number up to a bound that is not too many, given that every larger number is too many as well. */
function mostOf(bound: number, isTooMany: (count: number) => boolean): number {
  let [enough, tooMany] = [0, bound + 1]
  while (tooMany - enough > 1) {
    const count = Math.floor((enough + tooMany) / 2)
    if (isTooMany(count)) tooMany = count
    else enough = count
  }
  return enough
}
