import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchOutage } from '../../../src/jobs/rabbitmq/outage.ts'

test('an outage is told of once, with each of its causes, and is over when all connections are there', () => {
  const told: unknown[] = []
  const notesOfConnection = watchOutage((...change) => told.push(change))
  const [one, other] = [notesOfConnection(), notesOfConnection()]
  one.onConnected()
  assert.deepEqual(told.splice(0), [])
  one.onLost('ECONNRESET')
  other.onLost('ECONNRESET')
  one.onLost('ECONNREFUSED')
  one.onLost('ECONNRESET')
  one.onConnected()
  other.onLost('ECONNREFUSED')
  other.onConnected()
  one.onLost('ECONNRESET')
  assert.deepEqual(told, [
    ['away', 'ECONNRESET'],
    ['still away', 'ECONNREFUSED'],
    ['back'],
    ['away', 'ECONNRESET'],
  ])
})
