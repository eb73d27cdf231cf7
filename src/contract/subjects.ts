import type { RequestContext } from '../request-context.ts'
import { isObject } from '../syntax/is-object.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { numberAtBegin, wholeNumberOf } from '../syntax/php-number.ts'
import { apiRoute, beginsWithinElements, mayBeBulk } from './api-route.ts'
import {
  type NamedSubjects,
  type SubjectField,
  type SubjectPlaces,
  subjectFields,
} from './audit-details.ts'
import { membersNamed } from './folded-names.ts'

/** At most this many values of a field are recorded. It is also the most quantities that one request to us can set. */
const maxValues = 10_000
/** The length of the longest SKU in Magento (catalog_product_entity.sku), in characters. */
export const maxSubjectLength = 64

/** The parts of a request that are read. */
export type SubjectSources = Pick<
  RequestContext,
  'auditDetails' | 'routeVariables' | 'json' | 'target' | 'subjects'
>

/** Reads from the path and body what a request is about, at the places that the configuration has for its route. */
export function namedSubjects(request: SubjectSources): NamedSubjects {
  if (request.subjects !== undefined) return request.subjects
  const subjects = request.auditDetails?.subjects
  if (subjects === undefined) return {}
  const found: { [Field in SubjectField]?: readonly string[] | undefined } = {}
  let leftOut = 0
  for (const field of subjectFields) {
    const values = valuesOf(request, subjects[field], field)
    found[field] = values?.shown
    leftOut += values?.leftOut ?? 0
  }
  return leftOut === 0 ? found : { ...found, leftOut }
}

/**
 * Gives up the parsed body, once no policy needs it any more, and keeps what it says the request is about. While a
 * request waits for Magento, its parsed body would take three times the memory of its bytes.
 */
export function releaseJson(request: RequestContext): void {
  if (request.json === undefined) return
  request.subjects = namedSubjects(request)
  request.json = undefined
}

function valuesOf(
  { routeVariables, json, target }: SubjectSources,
  { variables, pointers }: SubjectPlaces,
  field: SubjectField,
): { readonly shown: readonly string[]; readonly leftOut: number } | undefined {
  if (variables.length === 0 && (pointers.length === 0 || json === undefined)) return undefined
  const values = new Set<string>()
  let leftOut = 0
  const note = (value: unknown) => {
    const shown = shownValue(value)
    if (shown === undefined) return
    if (values.size < maxValues) values.add(shown)
    else if (!values.has(shown)) leftOut += 1
  }
  const take = (value: unknown, isInList = false) => {
    note(value)
    if (field === 'skus') note(textInPhp(value))
    // `005` and `5.0` are order 5 to Magento.
    if (field === 'orderIds' || field === 'productIds') note(idInPhp(value, isInList))
  }
  for (const variable of variables) {
    const raw = routeVariables?.get(variable)
    if (raw !== undefined) take(percentDecode(raw))
  }
  if (json !== undefined) {
    const isBulk = mayBeBulk(apiRoute(target.segments).execution, json.value)
    for (const steps of pointers) {
      const isForEach = isBulk && beginsWithinElements(steps)
      const isInList = steps.at(-1) === '*'
      collect(json.value, isForEach ? ['*', ...steps] : steps, 0, (value) => take(value, isInList))
    }
  }
  return values.size === 0 ? undefined : { shown: [...values], leftOut }
}

function collect(
  value: unknown,
  steps: readonly string[],
  at: number,
  take: (value: unknown) => void,
): void {
  const step = steps[at]
  if (step === undefined) take(value)
  else if (typeof value !== 'object' || value === null) return
  else if (step === '*') {
    for (const each of Object.values(value)) collect(each, steps, at + 1, take)
  } else {
    for (const member of membersNamed(value, step)) collect(member, steps, at + 1, take)
  }
}

/** The text that Magento makes of an SKU that is none (PHP: settype; a fraction keeps 14 digits, its `precision`). */
function textInPhp(value: unknown): string | undefined {
  if (value === true) return '1'
  if (typeof value !== 'number' || Number.isInteger(value)) return undefined
  return String(Number(value.toPrecision(14)))
}

/**
 * What Magento makes of an id. It refuses one that is not numeric, but not in a list, where `5 or so` is 5 (Magento:
 * Framework/Reflection/TypeProcessor.php, processSimpleAndAnyType). A number that is too large for 64 bits wraps around,
 * so that 2^64 + 4096 is 4096 (PHP: settype); a text of one does not.
 */
function idInPhp(value: unknown, isInList: boolean): number | string | undefined {
  // PHP makes 1 of a list, too, unless it is empty.
  if (value === true || (isObject(value) && Object.keys(value).length > 0)) {
    return isInList ? 1 : undefined
  }
  if (typeof value === 'number') return BigInt.asIntN(64, BigInt(Math.trunc(value))).toString()
  if (typeof value !== 'string') return undefined
  const number = isInList ? numberAtBegin(value) : wholeNumberOf(value)
  return Number.isSafeInteger(number) ? number : undefined
}

function shownValue(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  if (text.length <= maxSubjectLength) return text.length > 0 ? text : undefined
  // However many spaces follow it, it is the same SKU to Magento's database.
  const shown = text.trimEnd()
  // A character has one or two UTF-16 units, which is what `length` counts.
  const begin = [...shown.slice(0, 2 * maxSubjectLength + 1)]
  if (begin.length <= maxSubjectLength) return shown.length > 0 ? shown : undefined
  // The database cuts off what is too long (Magento: Framework/DB/Adapter/Pdo/Mysql.php, SQL_MODE), and what is left of
  // `A`, many spaces and `x` is `A`. Only where an SKU has all 64 characters can more of them be cut down to it. That is
  // not recorded: what is left of a token would not have the shape by which tokens are redacted.
  const whole = begin.slice(0, maxSubjectLength).join('')
  const cut = whole.trimEnd()
  return cut.length > 0 && cut.length < whole.length ? cut : undefined
}
