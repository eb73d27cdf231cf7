import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acme, globex } from '../support/gateway.ts'
import { faultTextOf } from './config-faults.ts'

describe('refuses two integrations', () => {
  test('of one name', async () => {
    const integrations = { a: acme, b: { ...globex, name: acme.name } }
    assert.match(
      await faultTextOf({ integrations }),
      /b\.yaml:1 \/name: expected a value that is not used in .*a\.yaml too/,
    )
  })

  test('with one token', async () => {
    const integrations = { a: globex, b: { ...globex, name: 'other' } }
    assert.match(
      await faultTextOf({ integrations }),
      /b\.yaml:3 \/credentials\/token: expected a value that is not used in .*a\.yaml too/,
    )
  })
})
