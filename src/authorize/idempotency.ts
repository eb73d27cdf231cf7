import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { acceptanceHeaders, type Deferral, unknownAcceptance } from '../contract/deferral.ts'
import type { HeldKey, KeptAnswer, TakenKey } from '../contract/idempotency.ts'
import { WriteRouteSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { isNothingDone, type ProblemCode, problems, type Rejection, reject } from '../problem.ts'
import type { Outcome, RequestContext } from '../request-context.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { askedOfMagento } from './asked-of-magento.ts'
import { guessedRoute } from './guessed-routes.ts'

/*
 * draft-ietf-httpapi-idempotency-key-header-07, section 2.1: a String as defined for structured fields. Many callers
 * send it without the quotes, and that is accepted too.
 */
const keyForm = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([A-Za-z0-9._~:/+=-]{1,255}))$/

/** Statuses with which Magento itself says that it has carried nothing out. */
const refusedStatuses = new Set([401, 429, 503])

/** How long a caller is told to wait while the first request is still running. */
const retryAfterSeconds = 1

/**
 * Carries a write out only once per `Idempotency-Key`: a repeat of the request with the same key gets the answer of
 * the first one (draft-ietf-httpapi-idempotency-key-header-07).
 */
export const idempotency = definePolicy({
  name: 'idempotency',
  stage: 'authorize',
  section: 'policies',
  key: 'idempotency',
  settings: Type.Object(
    {
      keepHours: Type.Integer({
        minimum: 1,
        maximum: 720,
        default: 24,
        description: 'How long a key and its answer are remembered.',
      }),
      required: Type.Array(WriteRouteSetting(), {
        default: [],
        uniqueItems: true,
        description: 'Granted routes whose requests must have a key.',
      }),
    },
    {
      ...closed,
      description: 'Writes that are carried out only once per Idempotency-Key.',
    },
  ),
  absent: {},
  prepare: ({ keepHours, required }, { takeKey, integration, isPassthrough }) => {
    const ttlMs = keepHours * 3_600_000
    const demanding = new Set(required)

    async function begin(request: RequestContext, key: string): Promise<Verdict> {
      const fingerprint = fingerprintOf(request)
      const own = isPassthrough ? keyOfUser(request, key) : key
      const known = await takeKey(integration, own, fingerprint, ttlMs)
      if (known.state === 'unavailable') {
        return reject('idempotency-unavailable', 'keys cannot be remembered', {
          retryAfterSeconds: 5,
        })
      }
      if (known.state === 'fresh') {
        request.heldKey = holdKey(known, request)
        return allow
      }
      if (known.fingerprint !== fingerprint) {
        return reject('idempotency-key-reused', 'another request had this key')
      }
      if (known.state === 'running') {
        return reject('idempotency-conflict', 'the first request is not over', {
          retryAfterSeconds,
        })
      }
      return repeat(request, known.answer)
    }

    return function checkIdempotency(request) {
      if (request.method === 'GET') return allow
      const header = request.header('idempotency-key')
      const isDemanded = demanding.has(request.route ?? '')
      if (header === undefined) {
        if (!isDemanded) return allow
        return reject('idempotency-key-required', 'there is no Idempotency-Key')
      }
      // The answer is a token, which only the operator may decide to have stored; to ask for another one does no harm.
      if (!isDemanded && isSignIn(request)) return allow
      const [, quoted, bare] = keyForm.exec(header) ?? []
      const key = quoted ?? bare
      if (key === undefined) {
        return reject('bad-request', 'the Idempotency-Key is malformed', {
          detail: 'Idempotency-Key must be a quoted text of 1 to 255 ASCII characters.',
        })
      }
      return begin(request, key)
    }
  },
})

function isSignIn(request: RequestContext): boolean {
  return askedOfMagento(request).some(
    ({ method, segments }) => guessedRoute(method, segments)?.guess === 'credential',
  )
}

/**
 * A key as it is remembered with passthrough, where a bearer token is that of a user of Magento, and no user gets the
 * answer of another. A key has no quotes, so that this form is no other key.
 */
function keyOfUser({ bearerDigest }: RequestContext, key: string): string {
  return bearerDigest === undefined ? key : JSON.stringify([bearerDigest, key])
}

/** Equal for requests with the same method, target and bytes of the body. */
function fingerprintOf({ method, rawTarget, body }: RequestContext): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([method, rawTarget])).update(body)
  return hash.digest('base64url')
}

/** Answers a repeat as the first request was answered. */
function repeat(request: RequestContext, answer: KeptAnswer): Verdict {
  if (answer === 'not kept') {
    return reject('idempotency-conflict', 'the answer was not kept', {
      detail: 'The request was carried out before; its answer was too long to be kept.',
    })
  }
  request.answerHeaders.push('Idempotency-Replayed', 'true')
  if ('problem' in answer) return problemOf(answer.problem)
  request.repeatedAnswer = answer
  request.answerHeaders.push(...acceptedHeaders(answer, request.deferral))
  return allow
}

/**
 * If the first request became a job, the repeat gets the headers that point to that job, also if it does not ask for a
 * job itself.
 */
function acceptedHeaders(
  { status, body }: WholeAnswer,
  deferral: Pick<Deferral, 'isAsked'> = { isAsked: false },
): string[] {
  const location = status === 202 ? placeOfJob(body.toString('utf8')) : undefined
  return location === undefined ? [] : acceptanceHeaders(location, deferral)
}

const jobLocation = /^\/rest(?:\/\w+)?\/V1\/jobs\/[0-9a-f-]{36}$/

/** The location in the answer with which a job was accepted; undefined for Magento's own asynchronous answers. */
function placeOfJob(text: string): string | undefined {
  const { location } = (parseJson(text) ?? {}) as { readonly location?: unknown }
  return typeof location === 'string' && jobLocation.test(location) ? location : undefined
}

function problemOf(code: string): Rejection {
  const known = code in problems ? (code as ProblemCode) : 'upstream-failed'
  // A refusal to accept a job is kept only if it may have been accepted.
  const detail = known === 'jobs-unavailable' && { detail: unknownAcceptance }
  return reject(known, 'the first request under this key ended so', { ...detail })
}

function holdKey(taken: TakenKey, request: RequestContext): HeldKey {
  let isSettled = false
  return {
    settle: async (outcome, answer) => {
      if (isSettled) return
      isSettled = true
      const instead = outcome.code === undefined ? 'not kept' : { problem: outcome.code }
      const isFree =
        answer === undefined
          ? isRefused(outcome) && request.jobId === undefined
          : refusedStatuses.has(answer.status)
      if (isFree) await taken.release()
      else await taken.finish(answer ?? instead)
    },
  }
}

function isRefused({ status, code, reason }: Outcome): boolean {
  // Below 500 the gateway refused it: a later policy did, or an endpoint, or the request could not be signed.
  return code !== undefined && (isNothingDone(code, reason) || status < 500)
}
