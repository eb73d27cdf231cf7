import { apiRoute } from '../../authorize/api-route.ts'
import { everything } from '../../contract/answer-store.ts'
import type { CalledRoute } from '../../contract/endpoint.ts'
import { namedSubjects, type SubjectSources } from '../../record/subjects.ts'
import type { RequestContext } from '../../request-context.ts'
import { asComparedByDatabase } from '../../syntax/database-text.ts'
import {
  familyOf,
  familyOfField,
  notEntities,
  orderingWrites,
  readingWrites,
} from './entity-families.ts'

/** What is read of a request to find out what it is about. */
export type TaggedRequest = SubjectSources & Pick<RequestContext, 'method' | 'endpoint'>

/** A read that names nothing may show anything of its family, so every write to the family drops it. */
const any = '*'

/** What is read of an unknown kind may show anything, so every write drops it. */
const unknownRead = tagOf('?')

/** Entities that are dropped one by one; above that their whole family is. */
const maxEntities = 100

/** The tags of an answer to a read. They depend on the request only. */
export function tagsOfRead(request: TaggedRequest): readonly string[] {
  const entities = entitiesOf(request)
  const family = familyOf(request.target?.segments ?? [])
  const tags = [everything]
  if (family !== undefined && !entities.has(family)) tags.push(tagOf(family), tagOf(family, any))
  for (const [named, values] of entities) {
    tags.push(tagOf(named), ...[...values].map((value) => tagOf(named, value)))
  }
  // Magento's own route says by its family what it shows; any other shows what somebody has composed.
  if (family === undefined) tags.push(unknownRead)
  // What is called may be named otherwise than in the request, so every write to its family counts.
  for (const called of calledFamilies(request)) {
    if (called === undefined) tags.push(unknownRead)
    else tags.push(tagOf(called), tagOf(called, any))
  }
  return tags
}

/** The tags of what a write may have changed; none where it only reads. */
export function tagsOfWrite(request: TaggedRequest): readonly string[] {
  const tags = new Set(tagsOfPath(request))
  for (const called of calledFamilies(request)) {
    if (called === undefined) return [everything]
    tags.add(unknownRead).add(tagOf(called))
  }
  if (request.endpoint?.endpoint.calls?.some(makesOrder)) tags.add(tagOf('sales'))
  return [...tags]
}

/** What the path of a write and its body say. */
function tagsOfPath(request: TaggedRequest): readonly string[] {
  const { execution, segments } = apiRoute(request.target?.segments ?? [])
  const call = `${request.method} ${segments.join('/')}`
  if (execution === 'sync' && readingWrites.test(call)) return []
  const entities = entitiesOf(request)
  const family = familyOf(segments)
  if (family === undefined && entities.size === 0) return [everything]
  const tags = new Set([unknownRead])
  if (family !== undefined && !entities.has(family)) tags.add(tagOf(family))
  for (const [named, values] of entities) {
    if (values.size > maxEntities) tags.add(tagOf(named))
    else for (const value of [any, ...values]) tags.add(tagOf(named, value))
  }
  if (orderingWrites.test(call)) tags.add(tagOf('sales'))
  return [...tags]
}

/** The families of what an endpoint calls; undefined for a call of an unknown one. */
function calledFamilies({ endpoint }: TaggedRequest): readonly (string | undefined)[] {
  const calls = endpoint?.endpoint.calls ?? []
  return calls.map(({ segments }) => familyOf(apiRoute(segments).segments))
}

function makesOrder({ method, segments }: CalledRoute): boolean {
  return orderingWrites.test(`${method} ${apiRoute(segments).segments.join('/')}`)
}

/** What a request names, by family; without the families that it names nothing of. */
function entitiesOf(request: TaggedRequest): ReadonlyMap<string, ReadonlySet<string>> {
  const subjects = namedSubjects(request)
  const entities = new Map<string, ReadonlySet<string>>()
  for (const field of ['skus', 'orderIds'] as const) {
    const values = subjects[field]?.map(folded)
    // Where one of them is none, the whole list is not to be trusted.
    if (values === undefined || values.some((value) => notEntities.has(value))) continue
    entities.set(familyOfField[field], new Set(values))
  }
  return entities
}

/** A plus in a path is a space to Magento. */
function folded(value: string): string {
  return asComparedByDatabase(value.replaceAll('+', ' '))
}

/** As JSON, so that no two tuples make one text. */
function tagOf(...tuple: readonly string[]): string {
  return JSON.stringify(tuple)
}
