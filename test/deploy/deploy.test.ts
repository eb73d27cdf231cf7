import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { startGateway } from '../support/gateway.ts'
import { scrape } from '../support/metrics.ts'

const deploy = new URL('../../deploy/', import.meta.url)
const pathOf = (file: string) => fileURLToPath(new URL(file, deploy))
const textOf = (file: string) => readFile(new URL(file, deploy), 'utf8')

describe('the alert rules', () => {
  for (const [what, file] of [
    ['check', 'prometheus/magegate.rules.yaml'],
    ['test', 'prometheus/magegate.rules.test.yaml'],
  ] as const) {
    test(`pass promtool ${what} rules`, () => {
      const { status, stdout, stderr } = spawnSync('promtool', [what, 'rules', pathOf(file)])
      assert.equal(status, 0, `${stdout}${stderr}`)
    })
  }
})

test('rules and dashboard look at metrics that there are', async () => {
  // Nothing is sent to it; names are there from the start.
  await using gateway = await startGateway({ magentoUrl: 'http://127.0.0.1:9' })
  const { text } = await scrape(gateway)
  const there = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name))
  for (const file of ['prometheus/magegate.rules.yaml', 'grafana/magegate.json']) {
    const names = [...(await textOf(file)).matchAll(/\bmagegate_[a-z_]+/g)].map(([name]) =>
      name.replace(/_(?:bucket|sum|count)$/, ''),
    )
    assert.ok(names.length > 5, file)
    for (const name of names) assert.ok(there.has(name), `${file}: ${name}`)
  }
})

test('the dashboard is of the form that Grafana imports', async () => {
  const { panels, title, schemaVersion } = JSON.parse(await textOf('grafana/magegate.json'))
  assert.equal(title, 'magegate')
  assert.ok(schemaVersion >= 39)
  assert.equal(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length)
})

interface Manifest {
  readonly kind: string
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string }[]
          readonly readinessProbe: { readonly httpGet: { readonly port: string } }
        }[]
      }
    }
  }
}

test('the pods are given the time that a stop takes, and are probed at the admin listener', async () => {
  const manifests = parseAllDocuments(await textOf('kubernetes/magegate.yaml')).map((document) => {
    if ('errors' in document) assert.deepEqual(document.errors, [])
    return (document as { toJS: () => unknown }).toJS() as Manifest
  })
  const kinds = manifests.map(({ kind }) => kind)
  assert.deepEqual(kinds, ['Service', 'Service', 'PodDisruptionBudget', 'StatefulSet'])
  const pods = manifests.at(-1)
  assert.ok(pods)
  const { terminationGracePeriodSeconds, containers } = pods.spec.template.spec
  // The default of shutdown.deadlineMs.
  assert.ok(terminationGracePeriodSeconds > 12)
  for (const { ports, readinessProbe } of containers) {
    assert.ok(ports.some(({ name }) => name === readinessProbe.httpGet.port))
  }
})
