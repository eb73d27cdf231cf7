import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { prepareNobody } from '../src/generation/integration.ts'
import type { RequestContext } from '../src/request-context.ts'
import { openBodyMemory } from '../src/server/body-memory.ts'
import { createServer } from '../src/server/server.ts'
import { addPipelineHooks, type Traffic } from '../src/traffic.ts'
import { answerSettings } from './support/answer-settings.ts'
import { problemOf, send } from './support/http-client.ts'
import { services } from './support/services.ts'

async function answerOf(check: () => never | Promise<never>) {
  const lines: string[] = []
  const records: RequestContext[] = []
  const limits = { total: 10, perAddress: 10, isProxy: () => false }
  const connections = { limits: () => limits, onRefused: assert.fail }
  const settings = {
    ...{ asksForCertificate: false, requestTimeoutMs: 1000, idleMs: 1000 },
    bodies: { limitBytes: 1024, memory: openBodyMemory(() => 1024) },
    readMs: () => 1000,
    connections,
  }
  const app = createServer(settings, (_error, socket) => socket.destroy())
  const traffic: Traffic = {
    steps: [{ name: 'broken', check }],
    claimantOf: () => prepareNobody(services()),
    answers: answerSettings,
    enter: () => undefined,
    leave: () => undefined,
    respond: () => assert.fail('a request got past a check that failed'),
    noteSender: () => assert.fail(),
    record: (request) => records.push(request),
    log: pino({ base: null }, { write: (line: string) => lines.push(line) }),
  }
  addPipelineHooks(app, () => traffic, new Map())
  app.get('/', () => assert.fail('a request got past a check that failed'))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await send(url)
  await app.close()
  return { answer, lines, records }
}

for (const [name, check] of Object.entries({
  throws: () => {
    throw new TypeError('inner workings')
  },
  rejects: () => Promise.reject(new TypeError('inner workings')),
})) {
  test(`a check that ${name} lets nothing through, and says nothing of why but to the log`, async () => {
    const { answer, lines, records } = await answerOf(check)
    assert.equal(answer.status, 500)
    assert.equal(problemOf(answer).code, 'internal-error')
    assert.ok(!answer.body.includes('inner workings'))
    assert.match(
      lines.join(''),
      new RegExp(`"requestId":"${answer.headers['x-request-id']}".*inner workings`),
    )
    assert.equal(records.length, 1)
  })
}
