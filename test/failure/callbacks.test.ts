import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { jobTestRoutes } from '../jobs/jobs-gateway.ts'
import { callbackEnv, callbackTo } from '../support/callbacks.ts'
import { type ConfigDirectory, writeConfig } from '../support/config-directory.ts'
import { freePort } from '../support/free-port.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { type GatewayProcess, startedProcess } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import { type AnswerWebhook, startReceiver, status } from '../support/webhook-receiver.ts'

const env = { ...testEnv, ...callbackEnv }

const folder = await temporaryFolder()
const magento = await shared(startMagento())

function configOf(name: string, callback: object): Promise<ConfigDirectory> {
  const jobs = { file: join(folder, `${name}.sqlite`), retry: { firstMs: 10, longestMs: 40 } }
  return writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: magento.url, gateway: { jobs } },
      join(folder, `${name}.jsonl`),
    ),
    integrations: { globex: { ...globex, policies: { routes: jobTestRoutes }, callback } },
  })
}

function start({ path }: ConfigDirectory): Promise<GatewayProcess> {
  return startedProcess(['start', '--config', path], env)
}

/** Has a write accepted; its job's id. */
async function accept(gateway: GatewayProcess): Promise<string> {
  const { status: answered, body } = await send(
    gateway.url,
    writeOf('{"product":{"sku":"24-MB01","price":35}}', { headers: { Prefer: 'respond-async' } }),
  )
  assert.equal(answered, 202, body)
  return JSON.parse(body).jobId
}

function untilMetric(gateway: GatewayProcess, series: string, wanted: number) {
  return scrapeUntil(gateway, ({ value }) => value(series) === wanted)
}

function redeliver(jobId: string, { path }: ConfigDirectory) {
  return runHosted(['jobs', 'redeliver', jobId, '--config', path], env)
}

// Each starts processes, which takes a while on a busy machine.
const patience = { timeout: 300_000 }

describe('a gateway that is killed', () => {
  test(
    'between the end of a job and its call-back delivers it after the next start',
    patience,
    async () => {
      // Nobody listens on it until the gateway has been killed.
      const port = await freePort()
      await using config = await configOf('between', callbackTo(`https://127.0.0.1:${port}`))
      const first = await start(config)
      const jobId = await accept(first)
      await untilMetric(
        first,
        'magegate_jobs_ended_total{integration="globex-pim",state="done"}',
        1,
      )
      first.signal('SIGKILL')
      await first.ended
      await using receiver = await startReceiver({ port })
      const second = await start(config)
      const [webhook] = await receiver.arrived(1)
      const message = new Webhook(env.WEBHOOK_SECRET).verify(
        webhook?.body ?? '',
        webhook?.headers ?? {},
      )
      assert.equal((message as { data: { id: string } }).data.id, jobId)
      assert.equal(magento.received.length, 1)
      await second.stop()
    },
  )

  test(
    'while a call-back is under way delivers it again, with the same id and body',
    patience,
    async () => {
      await using receiver = await startReceiver({ answer: () => undefined })
      await using config = await configOf('under-way', callbackTo(receiver.url))
      const first = await start(config)
      const jobId = await accept(first)
      await receiver.arrived(1)
      first.signal('SIGKILL')
      await first.ended
      receiver.answerWith(status(204))
      const second = await start(config)
      const [interrupted, delivered] = await receiver.arrived(2)
      assert.match(String(delivered?.headers['webhook-id']), new RegExp(`^msg_${jobId}_\\d+$`))
      assert.equal(delivered?.headers['webhook-id'], interrupted?.headers['webhook-id'])
      assert.equal(delivered?.body, interrupted?.body)
      await untilMetric(second, 'magegate_callbacks_oldest_age_seconds', 0)
      await second.stop()
    },
  )
})

test(
  'the log says each reason once why a receiver takes nothing, and when it does again',
  patience,
  async () => {
    // As behind a load balancer with two gateways.
    const answer: AnswerWebhook = (response, received, index) =>
      status(index % 2 === 0 ? 503 : 502)(response, received, index)
    await using receiver = await startReceiver({ answer })
    await using config = await configOf('log', callbackTo(receiver.url))
    const gateway = await start(config)
    await accept(gateway)
    await receiver.arrived(5)
    receiver.answerWith(status(204))
    const sent = 'magegate_callbacks_sent_total{integration="globex-pim",outcome="delivered"}'
    await untilMetric(gateway, sent, 1)
    const { stderr } = await gateway.stop()
    const lines = stderr.split('\n').filter((line) => line.includes('call-backs'))
    const said = lines.map((line) => JSON.parse(line)).map(({ msg, reason }) => [msg, reason])
    assert.deepEqual(said, [
      ['call-backs fail and are sent again', 'STATUS_503'],
      ['call-backs fail and are sent again', 'STATUS_502'],
      ['call-backs are delivered again', undefined],
    ])
  },
)

describe('jobs redeliver', () => {
  test(
    'sends a dead call-back again, and one that was delivered, or says why it cannot',
    patience,
    async () => {
      await using receiver = await startReceiver({ answer: status(410) })
      await using config = await configOf('redeliver', callbackTo(receiver.url))
      const unused = await redeliver('no-such-job', config)
      assert.match(unused.stderr, /^jobs: the file of jobs .*redeliver\.sqlite does not exist/)
      assert.equal(unused.exitCode, 1)
      const gateway = await start(config)
      const unknown = await redeliver('no-such-job', config)
      assert.equal(unknown.exitCode, 1)
      assert.equal(unknown.stdout, '')
      assert.equal(unknown.stderr, 'jobs: no-such-job: no such job, and no dead call-back of it\n')
      const jobId = await accept(gateway)
      await untilMetric(gateway, 'magegate_callbacks{state="dead"}', 1)
      receiver.answerWith(status(204))

      const [first] = await receiver.arrived(1)
      const shown = await runHosted(['jobs', 'dead', '--callbacks', '--config', config.path], env)
      const webhookId = String(first?.headers['webhook-id'])
      assert.ok(shown.stdout.includes(` ${webhookId} `), shown.stdout)
      const dead = await redeliver(webhookId, config)
      assert.equal(dead.stderr, '')
      assert.equal(dead.stdout, `${webhookId}: the call-back was dead and is sent again\n`)
      assert.equal(dead.exitCode, 0)
      await receiver.arrived(2)
      await untilMetric(gateway, 'magegate_callbacks_oldest_age_seconds', 0)

      const delivered = await redeliver(jobId, config)
      assert.equal(delivered.stdout, `${jobId}: the call-back is sent again\n`)
      assert.equal(delivered.exitCode, 0)
      const received = await receiver.arrived(3)
      assert.equal(new Set(received.map(({ body }) => body)).size, 1)
      const ids = new Set(received.map(({ headers }) => String(headers['webhook-id'])))
      assert.equal(ids.size, 1)
      assert.match([...ids].join(), new RegExp(`^msg_${jobId}_\\d+$`))
      await gateway.stop()
    },
  )
})
