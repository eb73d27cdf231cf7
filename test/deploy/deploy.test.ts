import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { glob, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dump, load, loadAll } from 'js-yaml'
import { fillDefaults } from '../../src/config/fill-defaults.ts'
import { GatewaySettings } from '../../src/config/gateway-settings.ts'
import { loadConfig } from '../../src/config.ts'
import { startJobsGateway } from '../jobs/jobs-gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { scrape } from '../support/metrics.ts'
import { temporaryFolder } from '../support/shared.ts'
import { loopbackTls } from '../support/tls/pem.ts'

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

test('docs/operations.md says for every alert what to do', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const rules = await textOf('prometheus/magegate.rules.yaml')
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => String(name))
  assert.ok(alerts.length > 10)
  const [, table = ''] = page.split('## By alert')
  for (const name of alerts) assert.match(table, new RegExp(`^\\|.*\\b${name}\\b.*\\|.*\\|`, 'm'))
})

/** The names of all metrics. Nothing is sent to the gateway; names are there from the start. */
async function metricNames(): Promise<Set<string>> {
  const gateway = { listen: { tls: loopbackTls } }
  await using jobs = await startJobsGateway('http://127.0.0.1:9', {}, { gateway })
  const { text } = await scrape(jobs.gateway)
  return new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name))
}

test('the pages name every metric', async () => {
  const docs = new URL('../../docs/', import.meta.url)
  const pages = (await readdir(docs)).filter((name) => name.endsWith('.md'))
  const texts = await Promise.all(pages.map((name) => readFile(new URL(name, docs), 'utf8')))
  const named = new Set(texts.join('\n').match(/\bmagegate_\w+/g))
  const names = await metricNames()
  assert.ok(names.size > 40)
  assert.deepEqual(
    [...names].filter((name) => !named.has(name)),
    [],
  )
})

test('rules and dashboard use only metrics that exist', async () => {
  const there = await metricNames()
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

test('every expression of the dashboard is one that Prometheus understands', async () => {
  const { panels } = JSON.parse(await textOf('grafana/magegate.json')) as {
    panels: { targets?: { expr: string }[] }[]
  }
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const rules = expressions.map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'),
  }))
  const folder = await temporaryFolder()
  const file = join(folder, 'rules.yaml')
  await writeFile(file, dump({ groups: [{ name: 'dashboard', rules }] }))
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })
  assert.ok(expressions.length > 10)
  assert.equal(status, 0, stderr)
})

interface Manifest {
  readonly kind: string
  readonly data?: Readonly<Record<string, string>>
  readonly spec: {
    readonly policyTypes?: readonly string[]
    readonly minAvailable?: number
    readonly replicas?: number
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: Readonly<Record<string, unknown>>
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
          readonly readinessProbe: {
            readonly httpGet: { readonly port: string }
            readonly periodSeconds: number
            readonly failureThreshold: number
          }
          readonly securityContext: Readonly<Record<string, unknown>>
        }[]
      }
    }
  }
}

const manifests = loadAll(await textOf('kubernetes/magegate.yaml')) as Manifest[]
const manifest = (kind: string) => {
  const found = manifests.find((each) => each.kind === kind)
  assert.ok(found, kind)
  return found
}

/** What a configuration says once it has been checked; every secret that it refers to is there. */
async function checked(gateway: string, integration: string): Promise<GatewaySettings> {
  await using files = await writeConfig({
    gateway: load(gateway) as object,
    integrations: { 'acme-erp': load(integration) as object },
  })
  const names = [...`${gateway}${integration}`.matchAll(/env:(\w+)/g)].map(([, name]) =>
    String(name),
  )
  const env = Object.fromEntries(names.map((name) => [name, `${name}-0123456789-0123456789`]))
  return (await loadConfig(files.path, { ...env, REDIS_URL: 'redis://redis:6379' })).gateway
}

/** What a stop takes at most, seconds: after the deadline, which the notice is a part of, come the last records and spans. */
function stopSeconds({ shutdown }: Pick<GatewaySettings, 'shutdown'>): number {
  return shutdown.deadlineMs / 1000 + 5
}

describe('a stop is given the time that it takes', () => {
  test('by Kubernetes, which takes the pod out of its endpoints within the notice', async () => {
    const { data } = manifest('ConfigMap')
    const settings = await checked(String(data?.['gateway.yaml']), String(data?.['acme-erp.yaml']))
    const { terminationGracePeriodSeconds, containers } = manifest('StatefulSet').spec.template.spec
    assert.ok(terminationGracePeriodSeconds >= stopSeconds(settings))
    for (const { ports, readinessProbe } of containers) {
      const { periodSeconds, failureThreshold, httpGet } = readinessProbe
      assert.ok(settings.shutdown.noticeMs > periodSeconds * failureThreshold * 1000)
      const portOf = (name: string) => ports.find((port) => port.name === name)?.containerPort
      assert.equal(portOf('http'), settings.listen.port)
      assert.equal(portOf(httpGet.port), settings.admin?.port)
      assert.equal(settings.admin?.host, '0.0.0.0')
    }
  })

  test('by Compose', async () => {
    const settings = await checked(
      await textOf('compose/gateway.yaml'),
      await textOf('compose/integrations/acme-erp.yaml'),
    )
    const { services } = load(await textOf('../compose.yaml')) as {
      readonly services: { readonly gateway: { readonly stop_grace_period: string } }
    }
    assert.ok(Number.parseInt(services.gateway.stop_grace_period, 10) >= stopSeconds(settings))
  })

  test('by systemd, for the settings that hold where nothing is said', async () => {
    const [, seconds] =
      /^TimeoutStopSec=(\d+)$/m.exec(await textOf('systemd/magegate.service')) ?? []
    const { shutdown } = GatewaySettings.properties
    const defaults = fillDefaults(shutdown as object, undefined) as GatewaySettings['shutdown']
    assert.ok(Number(seconds) >= stopSeconds({ shutdown: defaults }))
  })
})

test('pods are as restricted as they can be, and one is always left', () => {
  const { securityContext, containers } = manifest('StatefulSet').spec.template.spec
  assert.equal(securityContext.runAsNonRoot, true)
  for (const container of containers) {
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  }
  assert.deepEqual(manifest('NetworkPolicy').spec.policyTypes, ['Ingress', 'Egress'])
  const left = Number(manifest('PodDisruptionBudget').spec.minAvailable)
  assert.ok(left >= 1 && left < Number(manifest('StatefulSet').spec.replicas))
})

test('the image has what Node compiled for the user that the gateway runs as', async () => {
  // Node keeps it in a folder whose name ends in the user's id, and for this user alone to read.
  const lines = (await textOf('../Dockerfile')).split('\n')
  const user = lines.indexOf('USER node')
  assert.ok(user !== -1)
  assert.ok(lines.findIndex((line) => line.startsWith('RUN ! node src/main.ts start')) > user)
  assert.ok(lines.findIndex((line) => line.startsWith('RUN node --eval')) > user)
})

test('the image has what Node compiled of the modules that only some gateways load', async () => {
  const dockerfile = await textOf('../Dockerfile')
  const src = new URL('../../src/', import.meta.url)
  const loadedLater: string[] = []
  for await (const file of glob('**/*.ts', { cwd: src, exclude: ['cli', 'main.ts'] })) {
    const text = await readFile(new URL(file, src), 'utf8')
    for (const [, name = ''] of text.matchAll(/await import\('(.+?)\.ts'\)/g))
      loadedLater.push(new URL(name, new URL(file, src)).pathname.slice(src.pathname.length))
  }
  assert.ok(loadedLater.length > 0)
  for (const name of loadedLater) assert.ok(dockerfile.includes(`'${name}'`), name)
})

test('the systemd unit lets the gateway listen at all addresses, and has it back however it ends', async () => {
  const unit = await textOf('systemd/magegate.service')
  // Without AF_NETLINK there is no getifaddrs(3), which Fastify needs to listen at 0.0.0.0.
  assert.match(unit, /^RestrictAddressFamilies=.*\bAF_NETLINK\b/m)
  // systemd.service(5) takes SIGHUP for a clean end, and it ends a gateway that has not begun to listen to it.
  assert.match(unit, /^Restart=always$/m)
})

test('copies of the systemd unit run as one user', async () => {
  assert.match(await textOf('systemd/magegate.service'), /^User=magegate$/m)
})

test('the systemd unit is valid and restricted', () => {
  const unit = pathOf('systemd/magegate.service')
  // What exposure is, systemd-analyze says in tenths; an unrestricted service has 96.
  const args = ['security', '--offline=true', '--threshold=25', unit]
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  assert.equal(status, 0, `${stdout}${stderr}`)
})
