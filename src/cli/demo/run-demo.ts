import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type MagentoStandIn, startMagentoStandIn } from '../../../test/support/magento/stand-in.ts'
import { type Config, loadConfig } from '../../config.ts'
import { buildGateway, type Gateway } from '../../gateway.ts'
import type { AuditRecord } from '../../record/audit-record.ts'
import { firstValue } from '../../syntax/headers.ts'
import { signalled } from '../signalled.ts'
import { type CallerAnswer, call } from './call.ts'
import { auditLine, headerText, heading, labelled, print, short, status, wrapped } from './print.ts'
import { demoSecrets, type Scene, scenes } from './scenes.ts'

const exampleConfig = fileURLToPath(new URL('../../../config', import.meta.url))

/**
 * Demonstrates a gateway with the example configuration in front of a stand-in for Magento: what was sent, what reached
 * Magento, what was refused and why, and the audit records. After that it keeps serving until Ctrl-C.
 * @param once end after the demonstration
 * @returns the exit code
 */
export async function runDemo({ once }: { readonly once: boolean }): Promise<number> {
  // From the beginning: a signal that nobody listens to ends the process, and the folder would stay.
  const stopped = signalled()
  const folder = await makeTemporaryFolder()
  if (folder === undefined) return 1
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const files = { audit: join(folder, 'audit.jsonl'), jobs: join(folder, 'jobs.sqlite') }
  const integrations = [magentoIntegration('ACME'), magentoIntegration('GLOBEX')]
  const magento = opened.use(await startMagentoStandIn({ integrations }))
  const config = await loadConfig(exampleConfig, demoSecrets)
  const { gateway, url } = await listen(config, magento.url, files)
  opened.defer(() => gateway.stop())
  print(
    heading('magegate demo'),
    labelled('gateway', url),
    labelled('Magento', `${magento.url} (a stand-in)`),
  )
  let answers: readonly CallerAnswer[] = []
  for (const scene of scenes) answers = await play(scene, url, magento)
  await showAudit(files.audit)
  if (!once) {
    // The last scene has used up the burst, and the commands are not to be refused for that.
    await setTimeout(Math.max(...answers.map(retryAfterSeconds)) * 1_000)
    print(heading('It serves on until Ctrl-C. Try:'), ...commands(url), '')
    await stopped
  }
  return 0
}

/** The path of a new folder; undefined where none can be made, which it says. */
async function makeTemporaryFolder(): Promise<string | undefined> {
  try {
    return await mkdtemp(join(tmpdir(), 'magegate-demo-'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    process.stderr.write(`demo: no folder can be made in ${tmpdir()} (${code}): set TMPDIR\n`)
    return undefined
  }
}

function magentoIntegration(name: 'ACME' | 'GLOBEX') {
  return {
    name,
    consumerKey: demoSecrets[`${name}_MAGENTO_CONSUMER_KEY`],
    consumerSecret: demoSecrets[`${name}_MAGENTO_CONSUMER_SECRET`],
    accessToken: demoSecrets[`${name}_MAGENTO_ACCESS_TOKEN`],
    accessTokenSecret: demoSecrets[`${name}_MAGENTO_ACCESS_TOKEN_SECRET`],
  }
}

/** Starts the gateway of the example in front of the stand-in, on any free port if its own is taken. */
async function listen(
  { gateway: settings, ...rest }: Config,
  magentoUrl: string,
  files: { readonly audit: string; readonly jobs: string },
): Promise<{ gateway: Gateway; url: string }> {
  const build = (ports: { readonly port: number } | undefined) =>
    buildGateway({
      ...rest,
      gateway: {
        ...settings,
        listen: { ...settings.listen, ...ports },
        admin: { host: '127.0.0.1', ...settings.admin, port: 0 },
        magento: { ...settings.magento, url: magentoUrl, publicUrl: magentoUrl },
        audit: { ...settings.audit, file: files.audit },
        ...(settings.jobs && { jobs: { ...settings.jobs, file: files.jobs } }),
        shutdown: { ...settings.shutdown, noticeMs: 0 },
      },
    })
  const gateway = await build(undefined)
  try {
    return { gateway, url: (await gateway.start()).url }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    await gateway.stop()
    const elsewhere = await build({ port: 0 })
    return { gateway: elsewhere, url: (await elsewhere.start()).url }
  }
}

async function play(
  scene: Scene,
  url: string,
  magento: MagentoStandIn,
): Promise<readonly CallerAnswer[]> {
  const { title, request, times = 1 } = scene
  const { method, path, headers, body } = request
  magento.clearReceived()
  print(heading(title), labelled('sent', `${method} ${path}${times > 1 ? `, ${times} times` : ''}`))
  print(labelled('', headerText(headers)))
  if (body !== undefined) print(labelled('', body))
  const answers = await Promise.all(Array.from({ length: times }, () => call(url, request)))
  const [arrived, ...more] = magento.received
  if (arrived === undefined) print(labelled('Magento', 'got nothing'))
  else if (times > 1) print(labelled('Magento', `got ${magento.received.length} of them`))
  else {
    const authorization = firstValue(arrived.rawHeaders, 'authorization') ?? 'none'
    print(labelled('Magento', `${arrived.method} ${arrived.rawTarget}`))
    for (const next of more) print(labelled('', `${next.method} ${next.rawTarget}`))
    const lines = wrapped(headerText({ Authorization: authorization }))
    print(...lines.map((line) => labelled('', line)))
  }
  for (const [code, group] of Map.groupBy(answers, (answer) => answer.status)) {
    const count = times > 1 ? `${group.length} × ` : ''
    print(labelled('answer', `${count}${status(code)} ${short(summary(group[0]?.body ?? ''))}`))
  }
  return answers
}

/** How long the gateway wants a caller to wait; 0 if it has let the request through. */
function retryAfterSeconds({ body }: CallerAnswer): number {
  const { retryAfterSeconds: seconds = 0 } = JSON.parse(body) as { retryAfterSeconds?: number }
  return seconds
}

/** The code and detail of a problem, or the body of any other answer. */
function summary(body: string): string {
  const { code, detail, errors } = JSON.parse(body) as Record<string, unknown>
  if (code === undefined) return body
  return `${code}: ${detail}${errors ? ` ${JSON.stringify(errors)}` : ''}`
}

async function showAudit(file: string): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as AuditRecord)
  print(
    heading(`The audit: ${lines.length} records, one for each request (the last ones left out)`),
  )
  print(...records.slice(0, scenes.length).map(auditLine))
  print(heading('One of them in full'), `  ${lines[2]}`)
}

function commands(url: string): string[] {
  const inventory = `${url}/rest/V1/magefine/inventaire`
  const token = `-H 'Authorization: Bearer ${demoSecrets.GLOBEX_TOKEN}'`
  return [
    `  curl -X POST '${inventory}' ${token} -H 'Content-Type: application/json' -d '{"sku":"my-sku-123","qty":15}'`,
    `  curl '${inventory}/my-sku-123' ${token}`,
  ]
}
