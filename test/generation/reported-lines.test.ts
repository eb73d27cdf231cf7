import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { inheritFrom } from '../../src/generation/inherited-map.ts'
import { boundLines } from '../../src/generation/reported-lines.ts'
import { prepareServices } from '../../src/generation/services.ts'
import { openLastingParts } from '../../src/lasting/lasting-parts.ts'
import { reject } from '../../src/problem.ts'
import { openRedactions } from '../../src/record/redaction/redactions.ts'
import type { MemoryBuckets } from '../../src/store/memory-buckets.ts'
import { globex, loadedConfig } from '../support/gateway.ts'
import { requestContext } from '../support/request.ts'
import { testClock } from '../support/services.ts'
import { temporaryFolder } from '../support/shared.ts'

test('an integration whose every request is reported writes 600 lines, and then one a second', () => {
  const clock = testClock()
  const buckets = inheritFrom<MemoryBuckets>(undefined, () => true)
  const mayTell = boundLines(buckets, clock)
  const told = (integration: string) =>
    Array.from({ length: 1_000 }, () => mayTell(integration)).filter((isTold) => isTold).length
  assert.equal(told('noisy'), 600)
  assert.equal(told('other'), 600)
  clock.advance(3_000)
  assert.equal(told('noisy'), 3)
  const afterReload = boundLines(
    inheritFrom(buckets.own, () => true),
    clock,
  )
  assert.equal(afterReload('noisy'), false)
})

test('what is only reported of requests and of answers shares the lines of its integration', async () => {
  const options = { magentoUrl: 'http://127.0.0.1:9' }
  const config = await loadedConfig(options, join(await temporaryFolder(), 'audit.jsonl'))
  const lasting = await openLastingParts(config, openRedactions())
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const services = prepareServices(
    config,
    { ...lasting, clock: testClock(), log },
    {
      sharedLimiter: () => assert.fail(),
      buckets: inheritFrom<MemoryBuckets>(undefined, () => true),
      contract: undefined,
    },
  )
  const request = requestContext()
  request.verified = globex.name
  for (let count = 0; count < 400; count += 1) {
    services.reportRefusal(request, 'request-schema', reject('route-not-granted', 'as of a test'))
    services.reportDrift(request, [])
  }
  assert.equal(lines.length, 600)
  await lasting.close()
})
