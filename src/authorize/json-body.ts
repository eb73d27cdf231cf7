import { Type } from 'typebox'
import { WriteRouteSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { parseStrictJson, standardJsonBounds } from './strict-json.ts'

// Magento accepts other types and spellings as well, and reads them with another parser.
const jsonMediaType = /^application\/json(?: *; *charset="?utf-8"?)?$/i

/** The media types that Magento reads besides JSON. No later policy can look into such a body. */
const otherTypes = [
  'application/xml',
  'application/xhtml+xml',
  'text/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
] as const

/**
 * Lets only bodies through that Magento reads as the gateway does, and hands the parsed JSON to the later policies.
 * The media type has to match as a whole; beginning with `application/json` is not enough.
 */
export const jsonBody = definePolicy({
  name: 'json-body',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'jsonBody',
  settings: Type.Object(
    {
      depth: Type.Integer({
        minimum: 1,
        maximum: 500,
        default: standardJsonBounds.depth,
        description: 'How deeply arrays and objects may be nested.',
      }),
      members: Type.Integer({
        minimum: 1,
        maximum: 5_000_000,
        default: standardJsonBounds.members,
        description: 'Most members of objects and elements of arrays in total.',
      }),
      otherTypes: Type.Record(
        WriteRouteSetting(),
        Type.Array(Type.Enum([...otherTypes]), { uniqueItems: true }),
        {
          ...closed,
          default: {},
          description: 'Media types, by granted route, whose bodies are passed on unread.',
        },
      ),
    },
    { ...closed, description: 'What a body may be.' },
  ),
  absent: {},
  prepare: (settings) =>
    function checkJsonBody(request) {
      if (request.body.length === 0) return allow
      if (request.header('content-encoding') !== undefined) {
        // RFC 9110, section 12.5.3: tells this apart from a media type that is not taken.
        request.answerHeaders.push('Accept-Encoding', 'identity')
        return reject('unsupported-media-type', 'body has a content coding')
      }
      const type = request.header('content-type') ?? ''
      if (!jsonMediaType.test(type)) {
        const granted: readonly string[] = settings.otherTypes[request.route ?? ''] ?? []
        if (granted.includes(mediaTypeOf(type))) return allow
        return reject('unsupported-media-type', 'content type is not application/json')
      }
      const parsed = parseStrictJson(request.body, settings)
      if ('fault' in parsed) return reject('invalid-json', parsed.fault, { detail: parsed.fault })
      request.json = parsed
      return allow
    },
})

function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
