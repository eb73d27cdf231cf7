import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, testEnv } from '../support/gateway.ts'
import { filesWith } from './config-faults.ts'

test('has a default for each bound of an address that is left out', async () => {
  const gateway = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl')
  const limits = { perAddress: { connections: 5_000 } }
  await using directory = await writeConfig(filesWith({ gateway: { ...gateway, limits } }))
  const { rate, burst } = (await loadConfig(directory.path, testEnv)).gateway.limits.perAddress
  assert.deepEqual({ rate, burst }, { rate: '100/s', burst: 200 })
})
