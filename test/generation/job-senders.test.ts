import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import type { WholeAnswer } from '../../src/contract/whole-answer.ts'
import type { Integration } from '../../src/generation/integration.ts'
import { prepareJobSenders } from '../../src/generation/job-senders.ts'
import type { JobRequest } from '../../src/jobs/job-payload.ts'
import { judge } from '../../src/jobs/judge-answer.ts'

test('an endpoint of a job that Magento turns away, even without JSON, has done nothing and may come again', async () => {
  const order: Endpoint = {
    routes: ['POST /V1/order'],
    summary: 'Passes on what Magento answers.',
    answers: {},
    run: ({ callMagento }) => callMagento({ method: 'POST', path: '/V1/orders' }),
  }
  const page = { contentType: 'text/html', body: Buffer.from('<h1>Too many requests</h1>') }
  const nothing = { contentType: 'application/json', body: Buffer.alloc(0) }
  let sent: WholeAnswer
  const senderOf = prepareJobSenders({
    integrations: new Map([['acme-erp', {} as Integration]]),
    upstream: { send: async () => sent },
    cache: undefined,
    endpoints: [order],
    enter: () => undefined,
    leave: () => undefined,
  })
  const request = {
    job: { method: 'POST' },
    segments: ['V1', 'order'],
    body: Buffer.alloc(0),
  } as unknown as JobRequest
  for (const turnedAway of [
    { status: 429, ...page },
    { status: 503, ...nothing },
  ]) {
    sent = { ...turnedAway, retryAfterSeconds: 7 }
    const answer = await senderOf('acme-erp')?.compose({} as never, request, {} as never)
    assert.ok(answer !== undefined)
    assert.equal(judge(answer), 'nothing-done', `status ${sent.status}`)
    assert.equal(answer.retryAfterSeconds, 7)
  }
  const gone = { ...request, segments: ['V1', 'no-longer'] }
  const answer = await senderOf('acme-erp')?.compose({} as never, gone, {} as never)
  assert.equal(answer && judge(answer), 'nothing-done', 'nor has one that is not there any more')
})
