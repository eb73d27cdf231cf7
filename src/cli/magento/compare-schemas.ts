import {
  operationsOf,
  type SwaggerDocument,
  type SwaggerOperation,
  type SwaggerParameter,
  type SwaggerSchema,
} from '../../authorize/magento-contract/swagger.ts'

/** One difference between two schemas of a shop. */
export interface SchemaChange {
  /** `GET /V1/products/:sku` */
  readonly route: string
  /** The part of the operation that differs: a parameter, or a place in the body or the answer. */
  readonly place: string
  readonly what: string
  /** Whether a caller that kept to the old schema can fail with the new one. */
  readonly isBreaking: boolean
}

type Direction = 'body' | 'answer'

/** A pair of schemas to compare: where they stand, in the body or the answer, and how each document has it. */
interface Place {
  readonly path: string
  readonly direction: Direction
  readonly old: SwaggerSchema
  readonly next: SwaggerSchema
}

/** Every difference between two schemas, in the order of the old one; new operations come last. */
export function compareSchemas(old: SwaggerDocument, next: SwaggerDocument): SchemaChange[] {
  const before = new Map(operationsOf(old))
  const after = new Map(operationsOf(next))
  const changes: SchemaChange[] = []
  for (const [route, operation] of before) {
    const successor = after.get(route)
    if (successor === undefined) {
      changes.push({ route, place: '', what: 'the operation is gone', isBreaking: true })
      continue
    }
    for (const change of compareOperations(operation, successor, old, next)) {
      changes.push({ route, ...change })
    }
  }
  for (const route of after.keys()) {
    if (before.has(route)) continue
    changes.push({ route, place: '', what: 'the operation is new', isBreaking: false })
  }
  return changes
}

type Change = Omit<SchemaChange, 'route'>

function compareOperations(
  old: SwaggerOperation,
  next: SwaggerOperation,
  oldDocument: SwaggerDocument,
  nextDocument: SwaggerDocument,
): Change[] {
  const compare = (place: Place) => comparePlaces(place, oldDocument, nextDocument)
  const changes = compareParameters(old.parameters ?? [], next.parameters ?? [])
  const oldBody = bodyOf(old)
  const nextBody = bodyOf(next)
  if (oldBody !== undefined && nextBody !== undefined) {
    changes.push(...compare({ path: 'body', direction: 'body', old: oldBody, next: nextBody }))
  } else if (oldBody !== nextBody) {
    const what = oldBody === undefined ? 'a body is taken now' : 'no body is taken any more'
    changes.push({ place: 'body', what, isBreaking: true })
  }
  const [oldAnswer, nextAnswer] = [answerOf(old), answerOf(next)]
  if (oldAnswer !== undefined && nextAnswer !== undefined) {
    const place = { path: 'answer', direction: 'answer', old: oldAnswer, next: nextAnswer } as const
    changes.push(...compare(place))
  } else if (oldAnswer !== nextAnswer) {
    const isGone = nextAnswer === undefined
    changes.push({ place: 'answer', what: isGone ? 'it is gone' : 'it is new', isBreaking: isGone })
  }
  return changes
}

function bodyOf({ parameters = [] }: SwaggerOperation): SwaggerSchema | undefined {
  return parameters.find((each) => each.in === 'body')?.schema
}

function answerOf({ responses }: SwaggerOperation): SwaggerSchema | undefined {
  return responses?.['200']?.schema
}

function compareParameters(
  old: readonly SwaggerParameter[],
  next: readonly SwaggerParameter[],
): Change[] {
  const [before, after] = [parametersByPlace(old), parametersByPlace(next)]
  const changes: Change[] = []
  for (const [place, { type, items }] of before) {
    const successor = after.get(place)
    if (successor === undefined) changes.push({ place, what: 'it is gone', isBreaking: true })
    else if (successor.type !== type) changes.push({ place, ...typeChange(type, successor.type) })
    else if (successor.items?.type !== items?.type) {
      changes.push({ place: `${place}[]`, ...typeChange(items?.type, successor.items?.type) })
    }
  }
  for (const [place, { required = false }] of after) {
    const was = before.get(place)
    if (was === undefined && !required) {
      changes.push({ place, what: 'it is new', isBreaking: false })
    } else if (required && !was?.required) {
      changes.push({ place, what: 'it is required now', isBreaking: true })
    }
  }
  return changes
}

/** The parameters of the query and the path, by place and name: `query fields`, `path :id`. */
function parametersByPlace(
  parameters: readonly SwaggerParameter[],
): ReadonlyMap<string, SwaggerParameter> {
  return new Map(
    parameters.flatMap((each) => {
      if (each.in === 'query') return [[`query ${each.name}`, each]]
      return each.in === 'path' ? [[`path :${each.name}`, each]] : []
    }),
  )
}

function typeChange(old: string | undefined, next: string | undefined): Omit<Change, 'place'> {
  return { what: `its type was ${old ?? 'any'} and is ${next ?? 'any'}`, isBreaking: true }
}

/** Walks both schemas side by side. Each pair of schemas is visited once, since definitions are recursive. */
function comparePlaces(
  root: Place,
  oldDocument: SwaggerDocument,
  nextDocument: SwaggerDocument,
): Change[] {
  const changes: Change[] = []
  const seen = new Map<SwaggerSchema, Set<SwaggerSchema>>()
  const waiting = [root]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { path, direction } = place
    const old = resolve(place.old, oldDocument)
    const next = resolve(place.next, nextDocument)
    const comparedWith = seen.get(old) ?? new Set()
    if (comparedWith.has(next)) continue
    seen.set(old, comparedWith.add(next))
    if (old.type !== next.type) {
      changes.push({ place: path, ...typeChange(old.type, next.type) })
      continue
    }
    if (old.items !== undefined && next.items !== undefined) {
      waiting.push({ path: `${path}[]`, direction, old: old.items, next: next.items })
    }
    const [before, after] = [old.properties ?? {}, next.properties ?? {}]
    for (const [name, was] of Object.entries(before)) {
      const is = after[name]
      const below = `${path}.${name}`
      if (is === undefined) changes.push({ place: below, what: 'it is gone', isBreaking: true })
      else waiting.push({ path: below, direction, old: was, next: is })
    }
    for (const name of Object.keys(after)) {
      if (Object.hasOwn(before, name)) continue
      changes.push({ place: `${path}.${name}`, what: 'it is new', isBreaking: false })
    }
    if (direction === 'answer') continue
    for (const name of next.required ?? []) {
      if (old.required?.includes(name)) continue
      changes.push({ place: `${path}.${name}`, what: 'it is required now', isBreaking: true })
    }
  }
  return changes
}

function resolve(schema: SwaggerSchema, { definitions = {} }: SwaggerDocument): SwaggerSchema {
  const name = schema.$ref?.replace('#/definitions/', '')
  return name === undefined ? schema : (definitions[name] ?? {})
}
