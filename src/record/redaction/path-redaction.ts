import { openApiPath } from '../../contract/open-api.ts'
import { redacted } from '../../contract/secret.ts'
import type { RequestContext, RequestTarget } from '../../request-context.ts'
import { restPrefix } from '../../syntax/rest-prefix.ts'
import { compileCredentialNames } from './credential-names.ts'
import { showParts } from './shown-parts.ts'
import { redactTokenShapes } from './token-shapes.ts'

// For variables of Magento's routes such as :resetPasswordLinkToken.
const isCredential = compileCredentialNames()
/*
 * Segments that precede a secret: whoever knows the id of a guest's cart can read it, names and addresses included
 * (Magento: Quote and GiftRegistry, etc/webapi.xml).
 */
const opensWhatFollows = /^guest-/
const plainWord = /^[A-Za-z][A-Za-z-]{0,31}$/
const shortNumber = /^\d{1,12}$/
/** More than any route has. */
const maxSegments = 64
const apiVersion = /^V\d{1,2}$/

/**
 * The path of a request as the audit shows it. If the route is granted, the values of its variables are shown, except
 * those of credentials. Of any other path only segments that look like a word or a number are shown.
 */
export function redactPath({
  parsedTarget: target,
  routeVariables,
}: RequestContext): string | undefined {
  if (target === undefined) return undefined
  if (target.path === openApiPath) return openApiPath
  const { segments } = target
  const secrets = new Set(target.path.includes('/guest-') ? segments.filter(followsOpener) : [])
  const show = (segment: string) => (secrets.has(segment) ? redacted : segment)
  if (routeVariables === undefined) {
    return withSegments(
      target,
      showParts(segments, maxSegments, (segment) => showWord(show(segment))),
    )
  }
  for (const [name, value] of routeVariables) if (isCredential(name)) secrets.add(value)
  const path = secrets.size === 0 ? target.path : withSegments(target, segments.map(show))
  return redactTokenShapes(path)
}

function followsOpener(_: string, at: number, segments: readonly string[]): boolean {
  return opensWhatFollows.test(segments[at - 1] ?? '')
}

function withSegments({ store }: RequestTarget, segments: readonly string[]): string {
  return [restPrefix(store), ...segments].join('/')
}

function showWord(segment: string): string {
  const isWord = plainWord.test(segment) || shortNumber.test(segment) || apiVersion.test(segment)
  return isWord ? segment : redacted
}
