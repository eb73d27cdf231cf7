import type { EndpointAnswer } from '../contract/endpoint.ts'
import { problems, type Rejection } from '../problem.ts'
import { renderMessage } from './render-message.ts'

/**
 * Whether further calls would fail in the same way, whatever they are about: Magento does not accept the integration,
 * is overloaded, fails or cannot be reached. Any other refusal is about what the particular call named.
 */
export function concernsAll(answer: EndpointAnswer | Rejection): boolean {
  if ('code' in answer) return answer.code !== 'entity-not-found'
  const { status } = answer
  return status === 401 || status === 403 || status === 429 || status >= 500
}

/** The message of Magento, or of the gateway in its place, about a call that was not carried out. */
export function messageOf(answer: EndpointAnswer | Rejection): string {
  if ('code' in answer) return answer.detail ?? problems[answer.code][2]
  return renderMessage(answer.body) ?? `Magento answered ${answer.status}`
}
