// Takes call-backs of the gateway (docs/callbacks.md): verifies each, keeps it once, and answers 204.
// Environment: CALLBACK_SECRET (whsec_…), CALLBACK_INBOX (a directory); PORT if it is not 8090
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { link, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { CALLBACK_SECRET = '', CALLBACK_INBOX, PORT = '8090' } = process.env
const key = Buffer.from(CALLBACK_SECRET.replace(/^whsec_/, ''), 'base64')
if (key.length < 24 || !CALLBACK_INBOX)
  throw new Error('CALLBACK_SECRET or CALLBACK_INBOX is missing')

/** Five minutes, as Standard Webhooks has it: an older one may be a copy of somebody else. */
const toleranceSeconds = 300
const limitBytes = 65_536

/** Whether the bytes of the body are what the gateway signed, under this id and a moment ago. */
function isFromGateway(id, timestamp, signatures, body) {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  // While the secret is exchanged there are several; one of them is of ours.
  return signatures.split(' ').some((each) => {
    const [version, base64 = ''] = each.split(',')
    const given = Buffer.from(base64, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

async function receive(request) {
  if (request.method !== 'POST') return 405
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > limitBytes) return 413
    chunks.push(chunk)
  }
  // The raw bytes: parsed and written again they would be others.
  const body = Buffer.concat(chunks)
  const field = (name) => String(request.headers[`webhook-${name}`] ?? '')
  const id = field('id')
  if (!isFromGateway(id, field('timestamp'), field('signature'), body)) return 401
  // First keep it, then answer: who answers first and fails then never hears of it again.
  const part = join(CALLBACK_INBOX, `${id}.${randomUUID()}.part`)
  await writeFile(part, body, { flush: true })
  try {
    await link(part, join(CALLBACK_INBOX, `${id}.json`))
  } catch (error) {
    // The same one once more: taken already, and to be answered all the same.
    if (error.code !== 'EEXIST') throw error
  } finally {
    await unlink(part)
  }
  return 204
}

const server = createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    () => response.writeHead(500).end(),
  )
})
server.listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`listens on http://127.0.0.1:${server.address().port}\n`)
})
