import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { prepareWebhookSignature, webhookKey } from '../../src/callbacks/sign-webhook.ts'

function secretOf(bytes: Uint8Array): string {
  return `whsec_${Buffer.from(bytes).toString('base64')}`
}

function keyOf(secret: string): Buffer {
  const key = webhookKey(secret)
  assert.ok(key)
  return key
}

function fieldsOf(headers: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let at = 0; at < headers.length; at += 2) fields[headers[at] ?? ''] = headers[at + 1] ?? ''
  return fields
}

describe('the signature of a webhook', () => {
  test('is the one of the example that Standard Webhooks tests its libraries with', () => {
    const sign = prepareWebhookSignature([keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')])
    const headers = sign('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_999, '{"test": 2432232314}')
    assert.deepEqual(fieldsOf(headers), {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('verifies with every one of its secrets by the library of Standard Webhooks, and with no other', () => {
    const key = fc.uint8Array({ minLength: 24, maxLength: 64 })
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 1, maxLength: 5 }),
        fc.json(),
        fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        (keys, payload, id) => {
          const secrets = keys.map(secretOf)
          const headers = fieldsOf(
            prepareWebhookSignature(secrets.map(keyOf))(id, Date.now(), payload),
          )
          for (const secret of secrets) {
            assert.deepEqual(new Webhook(secret).verify(payload, headers), JSON.parse(payload))
          }
          const other = new Webhook(secretOf(randomBytes(32)))
          assert.throws(() => other.verify(payload, headers))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is refused for an id that could be read as another id and time', () => {
    const sign = prepareWebhookSignature([randomBytes(32)])
    for (const id of ['', 'msg.1', 'msg 1', 'msg\n1', 'msg_ü']) {
      assert.throws(() => sign(id, 0, ''), TypeError)
    }
  })
})

describe('a secret of a webhook', () => {
  test('is its bytes, from 24 to 64 of them', () => {
    for (const length of [24, 25, 26, 32, 64]) {
      const bytes = randomBytes(length)
      assert.deepEqual(webhookKey(secretOf(bytes)), bytes)
    }
    for (const length of [0, 1, 23, 65, 100]) {
      assert.equal(webhookKey(secretOf(randomBytes(length))), undefined)
    }
  })

  test('in any other form is refused', () => {
    const base64 = randomBytes(32).toString('base64')
    const others = [
      base64,
      `whsk_${base64}`,
      `WHSEC_${base64}`,
      `whsec_${base64.slice(0, -1)}`,
      `whsec_${base64}\n`,
      ` whsec_${base64}`,
      `whsec_${'-_'.repeat(16)}`,
      `whsec_${'0123456789abcdef'.repeat(2)}0`,
    ]
    for (const other of others) assert.equal(webhookKey(other), undefined, other)
  })
})
