import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type JobView, quickJobs } from '../jobs/jobs-gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { type GatewayProcess, startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { startRabbit } from '../support/rabbitmq.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryFolder } from '../support/shared.ts'

/*
 * A gateway that accepts jobs and carries them out is killed again and again. MAGEGATE_JOBS=2000 makes it
 * a longer one than fits into the suite. With MAGEGATE_JOBS_IN=rabbitmq there is a second gateway that
 * carries them out too, and it and the broker are killed as well.
 */
const wanted = Number(process.env.MAGEGATE_JOBS ?? 30)
const writers = 6

/** Where jobs are kept, and who can be killed besides the gateway that accepts them. */
interface Place extends AsyncDisposable {
  readonly sections: Readonly<Record<string, object>>
  readonly env: Readonly<Record<string, string>>
  readonly killBroker?: () => Promise<void>
}

async function openPlace(folder: string): Promise<Place> {
  const jobs = { ...quickJobs, concurrency: 4 }
  if (process.env.MAGEGATE_JOBS_IN !== 'rabbitmq') {
    const file = join(folder, 'jobs.sqlite')
    return { sections: { jobs: { ...jobs, file } }, env: {}, [Symbol.asyncDispose]: async () => {} }
  }
  const stack = new AsyncDisposableStack()
  const rabbit = stack.use(await startRabbit())
  const redis = stack.use(await startRedis())
  return {
    sections: { jobs: { ...jobs, rabbitmq: 'env:AMQP_URL' }, store: { redis: 'env:REDIS_URL' } },
    env: { AMQP_URL: rabbit.url, REDIS_URL: redis.url },
    killBroker: async () => {
      await rabbit.kill()
      await rabbit.restart()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

interface AcceptedWrite {
  readonly marker: string
  readonly location: string
  readonly isRepeatable: boolean
}

test(`killed again and again over ${wanted} jobs, each is carried out as often as its idempotency allows`, async (context) => {
  const folder = await temporaryFolder()
  await using magento = await startMagento({ receivedLimit: 1_000_000 })
  await using place = await openPlace(folder)
  // Magento is in maintenance for one request in eight.
  const dice = fc.sample(fc.integer({ min: 0, max: 7 }), 10_000)
  let asked = 0
  await magento.setFault({ kind: 'maintenance' }, () => {
    asked += 1
    return dice[asked % dice.length] === 0
  })
  const configWith = (auditFile: string) =>
    writeConfig({
      gateway: gatewaySettings(
        {
          magentoUrl: magento.url,
          gateway: place.sections,
        },
        join(folder, auditFile),
      ),
      integrations: {
        globex: {
          ...globex,
          policies: {
            routes: ['POST /V1/products', 'POST /V1/inventory/source-items'],
            jobs: { 'POST /V1/products': { inOrderOf: ['/product/name'] } },
          },
        },
      },
    })
  await using files = await configWith('audit.jsonl')
  await using secondFiles = await configWith('second-audit.jsonl')
  const accepted: AcceptedWrite[] = []
  let onAccepted = () => {}
  let tried = 0

  /** Writes until the gateway is gone, or enough has been accepted. */
  async function writeUntilKilled({ url }: GatewayProcess): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      while (accepted.length < wanted) {
        tried += 1
        const marker = `marker-${tried}-`
        const isRepeatable = tried % 2 === 0
        const item = { sku: marker, source_code: 'default', quantity: 1 }
        const product = { sku: marker, name: `entity ${tried % 5}` }
        const { status, headers, body } = await send(url, {
          method: 'POST',
          path: isRepeatable ? '/rest/V1/inventory/source-items' : '/rest/V1/products',
          headers: {
            ...globexHeaders,
            'Content-Type': 'application/json',
            Prefer: 'respond-async',
          },
          body: JSON.stringify(isRepeatable ? { sourceItems: [item] } : { product }),
          agent,
        })
        if (status === 503 && place.killBroker !== undefined) {
          await new Promise((resolve) => setTimeout(resolve, 250))
          continue
        }
        assert.equal(status, 202, body)
        accepted.push({ marker, location: String(headers.location), isRepeatable })
        onAccepted()
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
    } finally {
      agent.destroy()
    }
  }

  const moments = fc.sample(fc.integer({ min: 1, max: 400 }), 1_000)
  const env = { ...testEnv, ...place.env }
  const { killBroker } = place
  const startSecond = () => startedProcess(['start', '--config', secondFiles.path], env)
  let second = killBroker && (await startSecond())
  let kills = 0
  while (accepted.length < wanted) {
    const gateway = await startedProcess(['start', '--config', files.path], env)
    const first = Promise.withResolvers<void>()
    onAccepted = first.resolve
    const load = Promise.all(Array.from({ length: writers }, () => writeUntilKilled(gateway)))
    // From the first job on, since a busy machine might otherwise never accept one before it is killed.
    await Promise.race([first.promise, load])
    await new Promise((resolve) => setTimeout(resolve, moments[kills % moments.length]))
    if (kills % 4 === 1) await killBroker?.()
    if (kills % 4 === 3 && second !== undefined) {
      second.signal('SIGKILL')
      await second.ended
      second = await startSecond()
    }
    gateway.signal('SIGKILL')
    kills += 1
    await gateway.ended
    await load
  }
  const last = await startedProcess(['start', '--config', files.path], env)
  const jobs = new Map<string, JobView>()
  for (const { marker, location } of accepted) {
    for (;;) {
      const answer = await send(last.url, { path: location, headers: globexHeaders })
      assert.equal(answer.status, 200, `${location}: ${answer.body}`)
      const job = JSON.parse(answer.body) as JobView
      jobs.set(marker, job)
      if (!['waiting', 'running'].includes(job.state)) break
    }
  }
  await last.stop()
  await second?.stop()
  // What each killed process leaves beside the file of jobs the next one removes.
  const left = (await readdir(folder)).filter((name) => name.includes('.holder-'))
  assert.deepEqual(left, [])

  // How often Magento carried each of them out.
  const counts = new Map<string, number>()
  for (const { status, body } of magento.received) {
    const [marker] = /marker-\d+-/.exec(body.toString()) ?? []
    if (marker === undefined || status !== 200) continue
    counts.set(marker, (counts.get(marker) ?? 0) + 1)
  }
  const ends = { once: 0, repeated: 0, unknown: 0 }
  for (const { marker, isRepeatable } of accepted) {
    const { state, failure } = jobs.get(marker) ?? {}
    const count = counts.get(marker) ?? 0
    if (state === 'done') {
      assert.ok(count >= 1, `${marker} is lost`)
      if (!isRepeatable) assert.equal(count, 1, `${marker} is repeated`)
      ends[count === 1 ? 'once' : 'repeated'] += 1
    } else {
      // Nobody knows what became of it; it is kept, and told.
      assert.equal(isRepeatable, false, `${marker} is not done`)
      assert.ok(['interrupted', 'upstream-failed'].includes(String(failure?.code)))
      assert.ok(count <= 1, `${marker} is repeated`)
      ends.unknown += 1
    }
  }
  // What was accepted without anybody being told is no exception.
  for (const [marker, count] of counts) {
    const isRepeatable = Number(/\d+/.exec(marker)?.[0]) % 2 === 0
    if (!isRepeatable) assert.equal(count, 1, `${marker} is repeated`)
  }
  assert.equal(jobs.size, accepted.length)
  context.diagnostic(
    `${accepted.length} accepted, ${kills} kills: ${ends.once} done once, ` +
      `${ends.repeated} done more than once as they may be, ` +
      `${ends.unknown} not repeated because their end is not known`,
  )
})
