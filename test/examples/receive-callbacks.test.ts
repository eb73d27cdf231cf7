import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callbackPayload } from '../../src/callbacks/callback-payload.ts'
import { prepareWebhookSignature, webhookKey } from '../../src/callbacks/sign-webhook.ts'
import { boundToThisProcess } from '../support/bound-process.ts'
import { endedJob } from '../support/ended-job.ts'
import { freePort } from '../support/free-port.ts'
import { send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

const root = new URL('../../', import.meta.url)
const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`
const otherSecret = `whsec_${Buffer.alloc(32, 4).toString('base64')}`
const payload = callbackPayload(endedJob)
const id = `msg_${endedJob.id}_${endedJob.endedAtMs}`

const receivers = {
  Node: (port: number) => ({
    command: process.execPath,
    args: ['examples/node/receive-callbacks.js'],
    env: { PORT: String(port) },
  }),
  PHP: (port: number) => ({
    command: 'php',
    args: ['-S', `127.0.0.1:${port}`, 'examples/php/receive-callbacks.php'],
    env: {},
  }),
} as const

async function startExample(name: keyof typeof receivers) {
  const inbox = await temporaryFolder()
  const port = await freePort()
  const { command, args, env } = receivers[name](port)
  const child = spawn(...boundToThisProcess(command, args), {
    cwd: fileURLToPath(root),
    env: { PATH: process.env.PATH, CALLBACK_SECRET: secret, CALLBACK_INBOX: inbox, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Either says so, on one of the two, when it listens.
  await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
  child.stdout.resume()
  child.stderr.resume()
  return {
    url: `http://127.0.0.1:${port}`,
    /** What was kept, by name. */
    kept: async () => {
      const names = await readdir(inbox)
      const texts = await Promise.all(names.map((each) => readFile(join(inbox, each), 'utf8')))
      return Object.fromEntries(names.map((each, index) => [each, texts[index]]))
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await once(child, 'close')
    },
  }
}

function signed(secrets: readonly string[], sentAtMs = Date.now(), body = payload, webhookId = id) {
  const keys = secrets.flatMap((each) => webhookKey(each) ?? [])
  const headers = prepareWebhookSignature(keys)(webhookId, sentAtMs, body)
  const fields: Record<string, string> = { 'Content-Type': 'application/json' }
  for (let at = 0; at < headers.length; at += 2) fields[headers[at] ?? ''] = headers[at + 1] ?? ''
  return fields
}

for (const name of ['Node', 'PHP'] as const) {
  describe(`the example receiver in ${name}`, () => {
    test('keeps what the gateway signed, once however often it comes', async () => {
      await using receiver = await startExample(name)
      for (const secrets of [[secret], [secret], [otherSecret, secret]]) {
        const headers = signed(secrets)
        const { status } = await send(receiver.url, { method: 'POST', headers, body: payload })
        assert.equal(status, 204)
      }
      assert.deepEqual(await receiver.kept(), { [`${id}.json`]: payload })
    })

    test('keeps nothing of another key, time, id or body', async () => {
      await using receiver = await startExample(name)
      const good = signed([secret])
      const { 'webhook-signature': _, ...unsigned } = good
      const minutes = 60_000
      const forged: readonly [Record<string, string>, string][] = [
        [signed([otherSecret]), payload],
        [unsigned, payload],
        [{ ...good, 'webhook-signature': 'v1,' }, payload],
        [{ ...good, 'webhook-signature': good['webhook-signature']?.slice(3) ?? '' }, payload],
        [{ ...good, 'webhook-id': 'msg_other' }, payload],
        [{ ...good, 'webhook-timestamp': '1' }, payload],
        [signed([secret], Date.now() - 10 * minutes), payload],
        [signed([secret], Date.now() + 10 * minutes), payload],
        [good, payload.replace('succeeded', 'failed')],
      ]
      for (const [headers, body] of forged) {
        const { status } = await send(receiver.url, { method: 'POST', headers, body })
        assert.equal(status, 401, JSON.stringify(headers))
      }
      const { status } = await send(receiver.url, {
        method: 'POST',
        headers: good,
        body: 'x'.repeat(100_000),
      })
      assert.equal(status, 413)
      assert.deepEqual(await receiver.kept(), {})
    })
  })
}
