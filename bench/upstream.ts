import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * The upstream of the benchmark, a process of its own: a product of 1 KiB for a GET, a small answer
 * for a POST, with lengths and kept-alive connections.
 */
const product = JSON.stringify({ sku: '24-MB01', name: 'x'.repeat(1000) })
const done = '{"success":true}'

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const body = request.method === 'GET' ? product : done
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
process.on('disconnect', () => process.exit(0))
