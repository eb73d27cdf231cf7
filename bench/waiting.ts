import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signRequest, smallPost } from './cases.ts'
import { startChild } from './child.ts'
import { benchEnv, writeBenchConfig } from './configuration.ts'
import { openLoad } from './load.ts'
import { core } from './pinning.ts'

/*
 * The memory that a request takes while it waits for a slow Magento: the gateway's memory in use with so many signed
 * writes of each size under way, compared with none. Every policy is on.
 */
const sizes = [200, 65_536, 1_000_000]
/** Requests that wait at a time; no more than go to Magento at once by default. */
const waiting = 48

const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const held: ServerResponse[] = []
let onAllHeld = () => {}
const magento = createServer((request, response) => {
  request.resume().once('end', () => {
    if (held.push(response) === waiting) onAllHeld()
  })
})
await new Promise<void>((resolve) => magento.listen(0, '127.0.0.1', resolve))
const { port } = magento.address() as AddressInfo
writeBenchConfig(folder, `http://127.0.0.1:${port}`, 'body')
const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv, [
  '--expose-gc',
])
const load = openLoad(gateway.url, waiting)

/** Memory in use; the first collection of garbage leaves what only the next one can free. */
async function liveBytes(): Promise<number> {
  await gateway.usage()
  return (await gateway.usage()).liveBytes
}

/** Sends the requests, and returns how much more memory is in use while all of them wait. */
async function grownBytes(bodyBytes: number): Promise<number> {
  const before = await liveBytes()
  const allHeld = new Promise<void>((resolve) => {
    onAllHeld = resolve
  })
  const over = load.run(
    Array.from({ length: waiting }, () => signRequest({ ...smallPost, bodyBytes }, 'body')),
  )
  await allHeld
  const during = await liveBytes()
  for (const response of held.splice(0)) response.end('{}')
  await over
  return during - before
}

// The first round opens the connections and compiles the code.
for (const bodyBytes of sizes) await grownBytes(bodyBytes)
process.stdout.write('| body, bytes | memory of a waiting request, KiB |\n| ---: | ---: |\n')
for (const bodyBytes of sizes) {
  const kib = (await grownBytes(bodyBytes)) / waiting / 1024
  process.stdout.write(`| ${bodyBytes} | ${kib.toFixed(0)} |\n`)
}
process.exit(0)
