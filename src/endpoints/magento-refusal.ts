import type { MagentoAnswer } from '../contract/endpoint.ts'
import { problems, type Rejection } from '../problem.ts'

/**
 * Whether the next call would come to the same, whatever it names: Magento does not take the integration, has
 * no time, fails or is away. What Magento says otherwise, it says of what a call names.
 */
export function concernsAll(answer: MagentoAnswer | Rejection): boolean {
  if ('code' in answer) return answer.code !== 'entity-not-found'
  const { status } = answer
  return status === 401 || status === 403 || status === 429 || status >= 500
}

/** What Magento, or the gateway in its place, says of a call that was not carried out. */
export function messageOf(answer: MagentoAnswer | Rejection): string {
  if ('code' in answer) return answer.detail ?? problems[answer.code][2]
  const { message } = (answer.body ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' ? message : `Magento answered ${answer.status}`
}
