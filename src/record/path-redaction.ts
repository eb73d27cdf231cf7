import { redacted } from '../contract/secret.ts'
import { openApiPath, type RequestContext, type RequestTarget } from '../request-context.ts'
import { compileCredentialNames } from './credential-names.ts'
import { redactTokenShapes } from './token-shapes.ts'

// Variables of Magento routes that carry one are such as :resetPasswordLinkToken.
const isCredential = compileCredentialNames()
/*
 * Segments behind which one stands that whoever knows it may use: the id of a guest's cart opens it, with
 * names and addresses (Magento: Quote and GiftRegistry, etc/webapi.xml).
 */
const opensWhatFollows = /^guest-/
const plainWord = /^[A-Za-z][A-Za-z-]{0,31}$/
const shortNumber = /^\d{1,12}$/
const apiVersion = /^V\d{1,2}$/

/**
 * A path as the audit shows it. Of a granted route the values of variables are shown, unless the
 * variable is one for a credential; of any other path, only what can be a word or a number.
 */
export function redactPath({ target, routeVariables }: RequestContext): string | undefined {
  if (target === undefined) return undefined
  if (target.path === openApiPath) return openApiPath
  const { segments } = target
  const secrets = new Set(target.path.includes('/guest-') ? segments.filter(followsOpener) : [])
  const show = (segment: string) => (secrets.has(segment) ? redacted : segment)
  if (routeVariables === undefined) return withSegments(target, segments.map(show).map(showWord))
  for (const [name, value] of routeVariables) if (isCredential(name)) secrets.add(value)
  const path = secrets.size === 0 ? target.path : withSegments(target, segments.map(show))
  return redactTokenShapes(path)
}

function followsOpener(_: string, at: number, segments: readonly string[]): boolean {
  return opensWhatFollows.test(segments[at - 1] ?? '')
}

function withSegments({ store }: RequestTarget, segments: readonly string[]): string {
  return [store === undefined ? '/rest' : `/rest/${store}`, ...segments].join('/')
}

function showWord(segment: string): string {
  const isWord = plainWord.test(segment) || shortNumber.test(segment) || apiVersion.test(segment)
  return isWord ? segment : redacted
}
