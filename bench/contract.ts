import { readFileSync } from 'node:fs'
import { compileContract } from '../src/authorize/magento-contract/contract.ts'
import { parseSwagger } from '../src/authorize/magento-contract/swagger.ts'

/*
 * What the schema of a shop costs at start: node --expose-gc bench/contract.ts SCHEMA.json
 * All checks are asked for once, which a gateway does only for routes that are called.
 */
const [file = 'config/magento/schema.json'] = process.argv.slice(2)
const collect = () => globalThis.gc?.()
collect()
const before = process.memoryUsage()
const begin = performance.now()
const document = parseSwagger(readFileSync(file, 'utf8'))
if (document === undefined) throw new Error(`${file} is no Swagger 2.0 document`)
const contract = compileContract(document, { maxStringLength: 65_536, maxItems: 5_000 })
const ready = performance.now()
for (const operation of contract.operations) {
  operation.checkQuery([{ path: ['x'], value: '' }])
  operation.checkBody({ x: 1 }, 'sync')
}
const all = performance.now()
collect()
const after = process.memoryUsage()
const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(1)
process.stdout.write(
  `${contract.operations.length} operations: ready in ${(ready - begin).toFixed(0)} ms, all compiled in ` +
    `${(all - begin).toFixed(0)} ms, ${mebibytes(after.heapUsed - before.heapUsed)} MiB of heap, ` +
    `${mebibytes(after.rss - before.rss)} MiB resident more, ${mebibytes(after.rss)} in all\n`,
)
