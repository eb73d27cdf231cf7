import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { pino } from 'pino'
import { logCircuits } from '../../src/generation/circuit-log.ts'

const whole = 'Magento is failing: the circuit to it is open'
const closed = 'the circuit to Magento is closed'
const one = 'the circuit to Magento is open for one integration: its calls fail'
const oneClosed = 'the circuit to Magento is closed again for one integration'

let lines: string[]
let note: ReturnType<typeof logCircuits>
beforeEach(() => {
  lines = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  note = logCircuits(log)
})

function logged(): unknown[][] {
  return lines.map((line) => {
    const { level, msg, integration } = JSON.parse(line) as Record<string, unknown>
    return integration === undefined ? [level, msg] : [level, msg, integration]
  })
}

test('an outage is logged at its beginning and at its end, however often Magento is tried', () => {
  note('open')
  for (let time = 0; time < 3; time += 1) {
    note('half-open')
    note('open', 'acme')
    note('open')
  }
  note('half-open')
  note('closed')
  note('open')
  assert.deepEqual(logged(), [
    [50, whole],
    [30, closed],
    [50, whole],
  ])
})

test('an integration whose calls fail alone is named once, until they succeed', () => {
  for (const name of ['acme', 'globex']) {
    note('open', name)
    note('half-open', name)
    note('open', name)
  }
  note('half-open', 'acme')
  note('closed', 'acme')
  note('open', 'acme')
  assert.deepEqual(logged(), [
    [50, one, 'acme'],
    [50, one, 'globex'],
    [30, oneClosed, 'acme'],
    [50, one, 'acme'],
  ])
})

test('one that goes on failing when Magento works again for the others is named then', () => {
  note('open', 'acme')
  note('open')
  note('half-open')
  note('open', 'acme')
  note('closed')
  note('half-open', 'acme')
  note('open', 'acme')
  assert.deepEqual(logged(), [
    [50, one, 'acme'],
    [50, whole],
    [30, closed],
    [50, one, 'acme'],
  ])
})
