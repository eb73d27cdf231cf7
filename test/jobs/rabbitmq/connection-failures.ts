import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import {
  type Broker,
  type BrokerSettings,
  openBroker,
  type UseChannel,
} from '../../../src/jobs/rabbitmq/broker.ts'
import { watchOutage } from '../../../src/jobs/rabbitmq/outage.ts'
import { openJobsPart } from '../../../src/lasting/jobs-part.ts'
import { openJobBackend } from '../../../src/lasting/open-job-backend.ts'
import { openMetrics } from '../../../src/record/metrics.ts'
import { brokerSettings, openTestBrokerBackend } from '../../support/broker-backend.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../../support/gateway.ts'
import { runCommand } from '../../support/gateway-process.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import type { TestRedis } from '../../support/redis.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { type BrokerLink, openBrokerLink } from './broker-link.ts'

/** What can become of the connection to a broker that is itself alive. */
export function testConnections(servers: () => { rabbit: TestRabbit; redis: TestRedis }): void {
  const askSomething: UseChannel<void> = async (channel, ask) => {
    await ask(channel.checkExchange('amq.direct'))
  }

  const unwatched = { onLost: () => undefined, onConnected: () => undefined }

  async function openDisposably(settings: BrokerSettings): Promise<Broker & AsyncDisposable> {
    const broker = await openBroker(settings)
    return { ...broker, [Symbol.asyncDispose]: broker.close }
  }

  /** A broker that does not answer the set-up, and is waited for for an hour. */
  function silentInSetUp(link: BrokerLink, changes: (string | undefined)[]): BrokerSettings {
    return {
      url: link.url,
      deadlineMs: 3_600_000,
      declare: async (channel, ask) => {
        link.mute()
        await askSomething(channel, ask)
      },
      ...watchOutage((_, code) => changes.push(code))(),
    }
  }

  async function untilThere(broker: { isAway?: () => boolean }): Promise<void> {
    while (broker.isAway?.()) await delay(20)
  }

  test('a connection that is lost while it is set up, or just after, is made again', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    const losses = [link.cut, link.closeWithNextAnswer]
    const changes: (string | undefined)[] = []
    await using broker = await openDisposably({
      url: link.url,
      deadlineMs: 10_000,
      declare: async (channel, ask) => {
        losses.shift()?.()
        await askSomething(channel, ask)
      },
      ...watchOutage((_, code) => changes.push(code))(),
    })
    await untilThere(broker)
    assert.equal(losses.length, 0)
    assert.equal(changes[0], 'ECONNRESET')
    assert.equal(changes.indexOf(undefined), changes.length - 1)
    await broker.withChannel(askSomething)
  })

  test('a broker that gives no sign of life is told of by a code of its own, and one that hangs up too', async () => {
    const { rabbit } = servers()
    await using link = await openBrokerLink(rabbit.url)
    const url = new URL(link.url)
    url.searchParams.set('heartbeat', '1')
    const changes: (string | undefined)[] = []
    await using broker = await openDisposably({
      url: url.href,
      deadlineMs: 10_000,
      declare: askSomething,
      ...watchOutage((_, code) => changes.push(code))(),
    })
    await untilThere(broker)
    rabbit.freeze()
    while (changes.length === 0) await delay(20)
    rabbit.thaw()
    while (changes.at(-1) !== undefined) await delay(20)
    for (let cuts = 0; cuts < 2; cuts += 1) {
      const before = changes.length
      link.cut()
      while (changes.length === before || changes.at(-1) !== undefined) await delay(20)
    }
    const hungUp = ['ECONNRESET', undefined]
    assert.deepEqual(changes, ['HEARTBEAT_TIMEOUT', undefined, ...hungUp, ...hungUp])
  })

  test('a broker that is alive and does not answer is not waited for', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    let setUps = 0
    await using broker = await openDisposably({
      url: link.url,
      deadlineMs: 100,
      declare: async (channel, ask) => {
        setUps += 1
        if (setUps === 1) link.mute()
        await askSomething(channel, ask)
      },
      ...unwatched,
    })
    assert.equal(broker.isAway(), true)
    await assert.rejects(broker.withChannel(askSomething), { code: 'BROKER_AWAY' })
    link.unmute()
    await untilThere(broker)
    link.mute()
    await assert.rejects(broker.withChannel(askSomething), { code: 'BROKER_TIMEOUT' })
    link.unmute()
  })

  test('a broker that was there in time is not said to be away when the time is over', async (t) => {
    const changes: (string | undefined)[] = []
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using broker = await openDisposably({
      url: servers().rabbit.url,
      deadlineMs: 10_000,
      declare: askSomething,
      ...watchOutage((_, code) => changes.push(code))(),
    })
    t.mock.timers.tick(10_000)
    t.mock.timers.reset()
    assert.deepEqual([changes, broker.isAway()], [[], false])
  })

  test('a start does not wait until a broker answers its set-up', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    const changes: (string | undefined)[] = []
    await using broker = await openDisposably(silentInSetUp(link, changes))
    assert.deepEqual(changes, ['BROKER_TIMEOUT'])
    link.unmute()
    while (changes.length < 2) await delay(20)
    assert.deepEqual(changes, ['BROKER_TIMEOUT', undefined])
    assert.equal(broker.isAway(), false)
  })

  test('a broker that does not answer its set-up is left at once, and keeps no process', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    const changes: (string | undefined)[] = []
    const timers = () =>
      process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    const before = timers()
    const broker = await openBroker(silentInSetUp(link, changes))
    await broker.close()
    while (link.closings() === 0) await delay(20)
    link.cut()
    while (timers() > before) await delay(20)
    assert.deepEqual(changes, ['BROKER_TIMEOUT'])
  })

  test('the log says that a broker is away, and why it is not back', async () => {
    const { rabbit, redis } = servers()
    const link = await openBrokerLink(rabbit.url)
    const lines: string[] = []
    const write = (line: string) => {
      const { msg, errorCode } = JSON.parse(line)
      lines.push(`${errorCode}: ${msg}`)
    }
    const backend = await openJobBackend(
      brokerSettings(link.url, redis.url),
      pino({}, { write }),
      () => undefined,
    )
    await untilThere(backend)
    await link[Symbol.asyncDispose]()
    while (lines.length < 2) await delay(20)
    await backend.close()
    assert.deepEqual(lines, [
      'ECONNRESET: rabbitmq is away: jobs are neither accepted nor sent',
      'ECONNREFUSED: rabbitmq cannot be connected to again',
    ])
  })

  test('the log does not say that jobs have no fault any more while a broker stays away', async (t) => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    const lines: string[] = []
    const write = (line: string) => lines.push(JSON.parse(line).msg)
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    const jobs = await openJobsPart(brokerSettings(link.url, redis.url, 500), {
      log: pino({}, { write }),
      metrics: openMetrics(),
      recorder: { recordEnd: async () => undefined },
      tracing: undefined,
    })
    assert.ok(jobs)
    t.after(async () => {
      t.mock.timers.reset()
      await jobs.stop(0)
      await jobs.close()
    })
    await untilThere(jobs.backend)
    const pass = async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        t.mock.timers.tick(1_000)
        await turn()
      }
    }
    link.mute()
    // How many jobs wait is asked every second, and not answered in time.
    while (lines.length < 1) await pass(1)
    link.cut()
    while (lines.length < 2) await turn()
    await pass(120)
    const ofJobs = lines.filter((line) => /\bjob\b/.test(line))
    assert.deepEqual(ofJobs, ['a job could not be stored, delivered or carried out'])
  })

  test('a message that was not confirmed when the connection was lost was not refused', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    await using broker = await openDisposably({
      url: link.url,
      deadlineMs: 10_000,
      declare: async (channel, ask) => {
        await ask(channel.assertQueue('unconfirmed', { durable: true, autoDelete: true }))
      },
      ...unwatched,
    })
    await untilThere(broker)
    link.mute()
    const message = { content: Buffer.from('x'), messageId: 'x', headers: {} }
    const publishing = broker.publish('unconfirmed', message)
    link.cut()
    await assert.rejects(publishing, { code: 'BROKER_AWAY' })
    link.unmute()
    await untilThere(broker)
    await broker.withChannel(async (channel, ask) => {
      await ask(channel.deleteQueue('unconfirmed'))
    })
  })

  test('a channel that the broker closes is made anew', async () => {
    await using broker = await openDisposably({
      url: servers().rabbit.url,
      deadlineMs: 10_000,
      declare: async (channel, ask) => {
        await ask(channel.assertQueue('anew', { exclusive: true }))
      },
      ...unwatched,
    })
    await untilThere(broker)
    const message = { content: Buffer.of(1), messageId: 'id', headers: {} }
    const endless = { ...message, expiration: 'never' }
    await assert.rejects(broker.publish('anew', message, 'no exchange'), { code: 'AMQP_404' })
    await untilThere(broker)
    await assert.rejects(broker.publish('anew', endless), { code: 'AMQP_406' })
    await untilThere(broker)
    await broker.publish('anew', message)
  })

  test('a message is not refused while its connection closes because a queue is gone', async () => {
    await using broker = await openDisposably({
      url: servers().rabbit.url,
      deadlineMs: 10_000,
      declare: askSomething,
      ...unwatched,
    })
    await untilThere(broker)
    const message = { content: Buffer.of(1), messageId: 'id', headers: {} }
    await assert.rejects(broker.publish('gone', message), { code: 'BROKER_HAS_NO_QUEUE' })
    await Promise.all([
      assert.rejects(broker.publish('gone', message), { code: 'BROKER_AWAY' }),
      assert.rejects(broker.withChannel(askSomething), { code: 'BROKER_AWAY' }),
    ])
  })

  /** Lets the gateway read what a regular expression fits. */
  function allowToRead(expression: string): Promise<void> {
    const { rabbit } = servers()
    const { username } = new URL(rabbit.url)
    const texts = [username, '/', '.*', '.*', expression, 'test'].map((text) => `<<"${text}">>`)
    return rabbit.evaluate(`rabbit_auth_backend_internal:set_permissions(${texts.join()})`)
  }

  test('the log says that RabbitMQ denies a queue, and that it is back only once it does not', async () => {
    const { rabbit, redis } = servers()
    const lines: string[] = []
    const write = (line: string) => {
      const { msg, errorCode } = JSON.parse(line)
      lines.push(`${errorCode}: ${msg}`)
    }
    const settings = brokerSettings(rabbit.url, redis.url)
    const backend = await openJobBackend(settings, pino({}, { write }), () => undefined)
    await untilThere(backend)
    // So it can still declare all queues.
    await allowToRead('^(?!magegate[.]jobs[.]shared[.]7$)')
    backend.jobs.consume(async () => ({ state: 'done' }), { concurrency: 1 })
    while (lines.length < 2) await delay(20)
    await allowToRead('.*')
    while (!lines.at(-1)?.includes('is back')) await delay(20)
    await backend.jobs.close(0)
    await backend.close()
    assert.deepEqual(lines, [
      'ECONNRESET: rabbitmq is away: jobs are neither accepted nor sent',
      'AMQP_403: rabbitmq cannot be connected to again',
      'undefined: rabbitmq is back: jobs are accepted and sent again',
    ])
  })

  test('a command that RabbitMQ denies something says so by its code', async () => {
    const { rabbit, redis } = servers()
    await using directory = await writeConfig({
      gateway: {
        ...gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
        jobs: { rabbitmq: 'env:AMQP_URL' },
        store: { redis: 'env:REDIS_URL' },
      },
      integrations: { globex },
    })
    const env = { ...testEnv, AMQP_URL: rabbit.url, REDIS_URL: redis.url }
    // So it can still declare all queues.
    await allowToRead('^(?!magegate[.]jobs[.]dead$)')
    const denied = await runCommand(['jobs', 'dead', '--config', directory.path], env)
    await allowToRead('.*')
    assert.deepEqual(
      [denied.exitCode, denied.stderr],
      [1, 'jobs: RabbitMQ cannot be used (AMQP_403)\n'],
    )
  })

  test('a channel over which a confirm does not arrive is replaced by another one of its connection', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    let setUps = 0
    await using broker = await openDisposably({
      url: link.url,
      deadlineMs: 500,
      declare: async (channel, ask) => {
        setUps += 1
        await ask(channel.assertQueue('confirmed', { exclusive: true }))
      },
      ...unwatched,
    })
    await untilThere(broker)
    const message = { content: Buffer.of(1), messageId: 'id', headers: {} }
    // A machine that stands still for a moment is no fault of the broker.
    const isConfirmed = () =>
      broker.publish('confirmed', message).then(
        () => true,
        () => false,
      )
    while (!(await isConfirmed()));
    link.loseConfirms()
    const openings = link.channelOpenings()
    const unanswered = () =>
      assert.rejects(broker.publish('confirmed', message), { code: 'BROKER_TIMEOUT' })
    await Promise.all([unanswered(), unanswered(), unanswered()])
    // The one that was replaced is closed, and nothing else.
    while (link.channelClosings() === 0) await delay(20)
    assert.equal(link.channelOpenings(), openings + 1)
    const isAnswered = () =>
      broker.withChannel(askSomething).then(
        () => true,
        () => false,
      )
    while (!(await isAnswered())) await delay(20)
    let unconfirmed = 0
    while (!(await isConfirmed())) {
      unconfirmed += 1
      assert.ok(unconfirmed < 20, 'none arrives any more')
    }
    assert.deepEqual([setUps, link.closings()], [1, 0])
  })

  test('a channel can be replaced again although a connection is lost that does not close the one before', async () => {
    await using link = await openBrokerLink(servers().rabbit.url)
    await using broker = await openDisposably({
      url: link.url,
      deadlineMs: 500,
      declare: async (channel, ask) => {
        await ask(channel.assertQueue('again', { exclusive: true }))
      },
      ...unwatched,
    })
    const untilConfirmed = async () => {
      const message = { content: Buffer.of(1), messageId: 'id', headers: {} }
      for (let unconfirmed = 0; ; unconfirmed += 1) {
        assert.ok(unconfirmed < 20, 'none arrives any more')
        await untilThere(broker)
        try {
          return await broker.publish('again', message)
        } catch {}
      }
    }
    await untilConfirmed()
    // On each connection, of its first channel.
    link.loseConfirms()
    await untilConfirmed()
    link.mute()
    while (link.channelClosings() === 0) await delay(20)
    link.cut()
    link.unmute()
    await untilConfirmed()
  })

  test('a queue that is not limited any more takes messages again that it has refused before', async () => {
    const { rabbit } = servers()
    const arguments_ = { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish' }
    await using broker = await openDisposably({
      url: rabbit.url,
      deadlineMs: 500,
      declare: async (channel, ask) => {
        await ask(channel.assertQueue('limited', { durable: true, arguments: arguments_ }))
      },
      ...unwatched,
    })
    await untilThere(broker)
    const message = { content: Buffer.of(1), messageId: 'id', headers: {} }
    const isTaken = () =>
      broker.publish('limited', message).then(
        () => true,
        () => false,
      )
    const limit = '[{<<"max-length">>, 1}], 0, <<"queues">>'
    await rabbit.evaluate(`rabbit_policy:set(<<"/">>, <<"l">>, <<"^limited$">>, ${limit}, <<"t">>)`)
    while (await isTaken()) await delay(20)
    await rabbit.evaluate('rabbit_policy:delete(<<"/">>, <<"l">>, <<"t">>)')
    for (let refused = 0; !(await isTaken()); refused += 1) {
      assert.ok(refused < 200, 'none is taken any more')
      await delay(20)
    }
    await broker.withChannel(async (channel, ask) => {
      await ask(channel.deleteQueue('limited'))
    })
  })

  test('jobs are delivered over a new connection if a broker does not say that they are consumed', async () => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    await using other = await openTestBrokerBackend(rabbit.url, redis.url)
    await using backend = await openTestBrokerBackend(link.url, redis.url, { deadlineMs: 100 })
    await untilThere(backend)
    await other.jobs.put(entryOf('unheard'))
    link.mute()
    const deliveries = deliveriesOf(backend.jobs)
    while (link.closings() === 0) await delay(20)
    link.unmute()
    const { delivery, settle } = await deliveries.next()
    assert.equal(delivery.id, 'unheard')
    settle({ state: 'done' })
    while ((await other.jobs.depth()).running > 0) await delay(20)
  })
}
