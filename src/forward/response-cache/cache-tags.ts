import { everything } from '../../contract/answer-store.ts'
import { apiRoute } from '../../contract/api-route.ts'
import type { CalledRoute } from '../../contract/endpoint.ts'
import { namedSubjects, type SubjectSources } from '../../contract/subjects.ts'
import type { RequestContext } from '../../request-context.ts'
import { asComparedByDatabase } from '../../syntax/database-text.ts'
import {
  familyOf,
  familyOfField,
  notEntities,
  orderingWrites,
  readingWrites,
  showingOthers,
} from './entity-families.ts'

/** The parts of a request that show what it is about. */
export type TaggedRequest = SubjectSources & Pick<RequestContext, 'method' | 'endpoint' | 'body'>

/** For reads that name no entity: they may show anything of the family, so every write to the family drops them. */
const any = '*'

/** For reads of an unknown kind: they may show anything, so every write drops them. */
const unknownRead = tagOf('?')

/** Up to this many entities are dropped one by one; beyond it, their whole family is dropped. */
const maxEntities = 100

/** The tags of an answer to a read. They depend only on the request. */
export function tagsOfRead(request: TaggedRequest): readonly string[] {
  const entities = entitiesOf(request)
  const { segments } = request.target
  const family = familyOf(segments)
  const tags = [everything]
  if (family !== undefined) {
    if (!entities.has(family)) tags.push(tagOf(family), tagOf(family, any))
    else if (showingOthers.has(segments[1])) tags.push(tagOf(family, any))
  }
  for (const [named, values] of entities) {
    tags.push(tagOf(named), ...[...values].map((value) => tagOf(named, value)))
  }
  // A route of Magento tells by its family what it shows; any other route may show anything.
  if (family === undefined) tags.push(unknownRead)
  // The calls may name entities differently than the request does, so every write to their families counts.
  for (const called of calledFamilies(request)) {
    if (called === undefined) tags.push(unknownRead)
    else tags.push(tagOf(called), tagOf(called, any))
  }
  return tags
}

/** The tags of what a write may have changed; none if it only reads. */
export function tagsOfWrite(request: TaggedRequest): readonly string[] {
  const tags = new Set(tagsOfPath(request))
  for (const called of calledFamilies(request)) {
    if (called === undefined) return [everything]
    tags.add(unknownRead).add(tagOf(called))
  }
  if (request.endpoint?.endpoint.calls?.some(makesOrder)) tags.add(tagOf('sales'))
  return [...tags]
}

/** The tags that follow from the path and the body of a write. */
function tagsOfPath(request: TaggedRequest): readonly string[] {
  const { execution, segments } = apiRoute(request.target.segments)
  const call = `${request.method} ${segments.join('/')}`
  if (execution === 'sync' && readingWrites.test(call)) return []
  const entities = entitiesOf(request)
  const isPartial = mayNameMore(request)
  const family = familyOf(segments)
  if (family === undefined && (isPartial || entities.size === 0)) return [everything]
  const tags = new Set([unknownRead])
  if (family !== undefined && (isPartial || !entities.has(family))) tags.add(tagOf(family))
  for (const [named, values] of entities) {
    if (isPartial || values.size > maxEntities) tags.add(tagOf(named))
    else for (const value of [any, ...values]) tags.add(tagOf(named, value))
  }
  if (orderingWrites.test(call)) tags.add(tagOf('sales'))
  return [...tags]
}

/**
 * Whether a write may name what the gateway does not see: in a body that it could not read, which passes where that is
 * only reported or the route takes other media types, or in a query, which Magento merges over the body.
 */
function mayNameMore({ body, json, subjects, target: { query = '' } }: TaggedRequest): boolean {
  const isUnread = body.length > 0 && json === undefined && subjects === undefined
  return isUnread || !/^(?:fields=[^&]*)?$/.test(query)
}

/** The families of the routes that an endpoint calls; undefined for one that is not known. */
function calledFamilies({ endpoint }: TaggedRequest): readonly (string | undefined)[] {
  const calls = endpoint?.endpoint.calls ?? []
  return calls.map(({ segments }) => familyOf(apiRoute(segments).segments))
}

function makesOrder({ method, segments }: CalledRoute): boolean {
  return orderingWrites.test(`${method} ${apiRoute(segments).segments.join('/')}`)
}

/** The entities that a request names, by family; families of which it names none are left out. */
function entitiesOf(request: TaggedRequest): ReadonlyMap<string, ReadonlySet<string>> {
  const subjects = namedSubjects(request)
  const entities = new Map<string, ReadonlySet<string>>()
  for (const field of ['skus', 'orderIds'] as const) {
    const values = subjects[field]?.map(asComparedByDatabase)
    // If one of the values is not an entity, none of them can be trusted.
    if (values === undefined || values.some((value) => notEntities.has(value))) continue
    entities.set(familyOfField[field], new Set(values))
  }
  return entities
}

/** Writes a tag as JSON, so that different tuples never give the same text. */
function tagOf(...tuple: readonly string[]): string {
  return JSON.stringify(tuple)
}
