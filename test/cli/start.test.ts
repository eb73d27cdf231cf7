import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { buildGateway } from '../../src/gateway.ts'
import { holdTrail } from '../../src/record/trail/hold-trail.ts'
import { boundToThisProcess } from '../support/bound-process.ts'
import { writeConfig } from '../support/config-directory.ts'
import { freePort } from '../support/free-port.ts'
import { gatewaySettings, globex, loadedConfig, startGateway, testEnv } from '../support/gateway.ts'
import { commandEnv, main, runCommand, startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

async function startWith(magentoUrl: string, shutdown: object, env: Record<string, string> = {}) {
  const auditFile = join(await temporaryFolder(), 'audit.jsonl')
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl, gateway: { shutdown } }, auditFile),
    integrations: { globex },
  })
  return await startedProcess(['start', '--config', files.path], { ...testEnv, ...env })
}

/** Resolves when the gateway has begun to drain. */
async function untilDraining(adminUrl: string): Promise<void> {
  while ((await fetch(`${adminUrl}/readyz`)).status !== 503) await delay(5)
}

/** The names of the threads of a process. */
async function threadsOf(pid: number | undefined): Promise<string[]> {
  const folder = `/proc/${pid}/task`
  const ids = await readdir(folder)
  return Promise.all(ids.map(async (id) => (await readFile(`${folder}/${id}/comm`, 'utf8')).trim()))
}

test('prints one line with its addresses, is live and ready, and counts, with only files and network permitted', async () => {
  await using magento = await startMagento()
  const permitted = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-net']
  // Node 24 does not ask for the last one, and does not know it.
  const known = permitted.filter((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag.replace(/=.*/, '')),
  )
  const gateway = await startWith(magento.url, { noticeMs: 0 }, { NODE_OPTIONS: known.join(' ') })
  const { url, adminUrl } = gateway
  assert.equal((await fetch(`${adminUrl}/livez`)).status, 200)
  assert.equal((await fetch(`${adminUrl}/readyz`)).status, 200)
  assert.equal((await fetch(`${adminUrl}/`)).status, 404)
  assert.equal((await fetch(`${adminUrl}/livez`, { method: 'POST' })).status, 405)
  assert.equal((await send(url, { path: '/metrics' })).status, 400)
  assert.equal((await send(url, { headers: globexHeaders })).status, 200)
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  assert.match(metrics, /^magegate_ready 1$/m)
  assert.match(
    metrics,
    /magegate_requests_total\{integration="globex-pim",route="GET \/V1\/products\/:sku",status="200",code="none"\} 1/,
  )
  // Half of them look names up, so that Magento's is found although others hang.
  assert.equal((await threadsOf(gateway.pid)).filter((name) => name === 'libuv-worker').length, 16)
  const { stdout, exitCode } = await gateway.stop()
  assert.equal(stdout.trimEnd().split('\n').length, 1)
  assert.equal(exitCode, 0)
})

test('on SIGTERM it fails readiness, serves on with Connection: close, lets requests in flight finish and exits 0', async () => {
  await using magento = await startMagento()
  const gateway = await startWith(magento.url, { noticeMs: 1000, deadlineMs: 10_000 })
  const agent = new Agent({ keepAlive: true })
  assert.notEqual(
    (await send(gateway.url, { headers: globexHeaders, agent })).headers.connection,
    'close',
  )

  await magento.setFault({ kind: 'slow', delayMs: 1500 }, '/rest/V1/products/24-MB01')
  const inFlight = send(gateway.url, { headers: globexHeaders })
  await magento.nextRequest()
  gateway.signal('SIGTERM')
  await untilDraining(gateway.adminUrl)
  assert.equal((await fetch(`${gateway.adminUrl}/livez`)).status, 200)
  assert.equal((await scrape(gateway)).value('magegate_ready'), 0)

  const during = await send(gateway.url, {
    headers: globexHeaders,
    path: '/rest/V1/products/my-sku-123',
    agent,
  })
  assert.equal(during.status, 200)
  assert.equal(during.headers.connection, 'close')
  const refused = await send(gateway.url, { agent })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.connection, 'close')

  assert.equal((await inFlight).status, 200)
  assert.equal((await gateway.ended).exitCode, 0)
})

for (const [what, prefix] of [
  ['a process', []],
  // Where it is the first process, as in a container, the kernel withholds signals that it does not listen to.
  ['the first process of a container', ['unshare', '--pid', '--fork', '--kill-child']],
] as const) {
  // Even root may not make namespaces in most containers.
  const [tool, ...options] = prefix
  const canRun = tool === undefined || spawnSync(tool, [...options, 'true']).status === 0
  const skip = !canRun && 'needs CAP_SYS_ADMIN'
  function spawnStart(path: string) {
    const [file = '', ...args] = [...prefix, process.execPath, main, 'start', '--config', path]
    return spawn(...boundToThisProcess(file, args), {
      env: commandEnv(testEnv),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
  async function terminate({ pid }: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    process.kill(Number(children.trim() || pid), signal)
  }
  test(`on SIGTERM during its start ${what} ends with 0`, { skip }, async () => {
    const auditFile = join(await temporaryFolder(), 'audit.jsonl')
    await using files = await writeConfig({
      gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:9' }, auditFile),
      integrations: { globex },
    })
    const release = await holdTrail(auditFile, {
      patienceMs: 0,
      onWait: () => undefined,
      onUnlockable: () => undefined,
    })
    const child = spawnStart(files.path)
    const ended = once(child, 'exit')
    // It waits for the audit trail.
    await once(child.stderr, 'data')
    await terminate(child)
    assert.deepEqual(await ended, [0, null])
    release?.()
  })

  for (const [first, second] of [
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const) {
    test(`${second} after ${first} ends ${what} at once`, { skip }, async () => {
      const shutdown = { noticeMs: 600_000, deadlineMs: 3_600_000 }
      const gateway = { shutdown, audit: { file: '/dev/null' } }
      await using files = await writeConfig({
        gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:9', gateway }, ''),
        integrations: { globex },
      })
      const child = spawnStart(files.path)
      const ended = once(child, 'exit')
      const started = String(await once(child.stdout, 'data'))
      const [, adminUrl = ''] = /admin on (\S+)/.exec(started) ?? []
      await terminate(child, first)
      await untilDraining(adminUrl)
      await terminate(child, second)
      assert.deepEqual(await ended, tool === undefined ? [null, second] : [1, null])
    })
  }
}

test('signals while it still loads its modules are not lost, and do not kill it', async () => {
  const hooks = `import { registerHooks } from 'node:module'
    registerHooks({
      load: (url, context, next) => {
        if (url.endsWith('/src/gateway.ts')) for (const each of ['SIGHUP', 'SIGTERM']) process.kill(process.pid, each)
        return next(url, context)
      },
    })`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hooks)}`
  const { exitCode } = await runCommand(['start', '--config', '/nowhere'], { NODE_OPTIONS })
  assert.equal(exitCode, 0)
})

test('says in one line which file of jobs it cannot use, exits 1 and changes nothing of it', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'jobs.sqlite')
  const text = 'a file of something else, longer than the header of a database'.repeat(10)
  await writeFile(file, text)
  const gateway = { jobs: { file }, audit: { file: '/dev/null' } }
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:9', gateway }, ''),
    integrations: { globex },
  })
  const { exitCode, stderr } = await runCommand(['start', '--config', files.path], testEnv)
  assert.equal(exitCode, 1)
  assert.match(stderr, /^magegate does not start: the file of jobs \/.*\/jobs\.sqlite cannot.*\n$/)
  assert.equal(await readFile(file, 'utf8'), text)
})

for (const [place, sections] of Object.entries({
  'file of jobs': { jobs: { file: '/proc/nowhere/jobs.sqlite' }, audit: { file: '/dev/null' } },
  'audit file': { audit: { file: '/proc/nowhere/audit.jsonl' } },
})) {
  test(`does not start where no folder can be made for its ${place}`, async () => {
    const options = { magentoUrl: 'http://127.0.0.1:9', gateway: sections }
    const config = await loadedConfig(options, '')
    await assert.rejects(buildGateway(config), /^Error: .*ENOENT.*mkdir '\/proc\/nowhere'$/)
  })
}

test('keeps running if nobody reads its output', async () => {
  const port = await freePort()
  const options = { magentoUrl: 'http://127.0.0.1:9', gateway: { admin: { port } } }
  await using files = await writeConfig({
    gateway: gatewaySettings(options, join(await temporaryFolder(), 'audit.jsonl')),
    integrations: { globex },
  })
  const args = [main, 'start', '--config', files.path]
  const child = spawn(...boundToThisProcess(process.execPath, args), {
    env: commandEnv(testEnv),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.destroy()
  const ended = once(child, 'exit')
  let isReady = false
  const isLive = async () => {
    while (!isReady && child.exitCode === null) {
      await delay(10)
      isReady = await fetch(`http://127.0.0.1:${port}/livez`).then(
        ({ ok }) => ok,
        () => false,
      )
    }
  }
  await isLive()
  // After what it prints when it is ready, so that this has been written in vain.
  child.kill('SIGHUP')
  isReady = false
  await isLive()
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

/** A gateway whose start has failed, because another server has the address of one of its listeners. */
async function failedStart(listener: 'listen' | 'admin') {
  await using other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const free = await freePort()
  const ports = { listen: { port: free }, admin: { port: free }, [listener]: { port } }
  const options = { magentoUrl: 'http://127.0.0.1:9', gateway: ports }
  const gateway = await buildGateway(await loadedConfig(options, '/dev/null'))
  await assert.rejects(gateway.start(), { code: 'EADDRINUSE' })
  return { otherUrl: `http://127.0.0.1:${free}`, [Symbol.asyncDispose]: gateway.stop }
}

test('a start that fails at the address of the admin listener takes no request', async () => {
  await using gateway = await failedStart('admin')
  await assert.rejects(send(gateway.otherUrl), { code: 'ECONNREFUSED' })
})

test('is not ready as long as it does not listen', async () => {
  await using gateway = await failedStart('listen')
  assert.equal((await send(gateway.otherUrl, { path: '/readyz' })).status, 503)
})

test('a start that fails at the address of the admin listener says so in one line, exits 1 and interrupts no job', async () => {
  const folder = await temporaryFolder()
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const jobs = { file: join(folder, 'jobs.sqlite'), retry: { firstMs: 10, longestMs: 40 } }
  const withJobs = {
    ...globex,
    policies: { ...globex.policies, jobs: { 'POST /V1/products': {} } },
  }
  let location: string | undefined
  {
    await using gateway = await startGateway({
      magentoUrl: 'http://127.0.0.1:9',
      gateway: { jobs },
      integrations: [withJobs],
    })
    const { status, headers } = await send(
      gateway.url,
      writeOf('{}', { headers: { Prefer: 'respond-async' } }),
    )
    assert.equal(status, 202)
    location = headers.location
  }
  await using upstream = await startRawUpstream()
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: upstream.url, gateway: { jobs, admin: { host: 'localhost', port } } },
      join(folder, 'audit.jsonl'),
    ),
    integrations: { globex: withJobs },
  })
  const { exitCode, stderr } = await runCommand(['start', '--config', files.path], testEnv)
  assert.equal(exitCode, 1)
  assert.match(stderr, /^magegate does not start: listen EADDRINUSE.*\n$/)
  taken.close()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { jobs },
    integrations: [withJobs],
  })
  let job: { readonly state: string }
  do {
    const { body } = await send(gateway.url, { path: location ?? '', headers: globexHeaders })
    job = JSON.parse(body) as typeof job
  } while (job.state === 'waiting' || job.state === 'running')
  assert.equal(job.state, 'done')
})
