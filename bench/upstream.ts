import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reportUrl } from './accounting.ts'

/*
 * The upstream of the benchmark, a process of its own: a product of 1 KiB for a GET, a small answer
 * for anything else, with their lengths, over kept-alive connections.
 */
const emptyProduct = JSON.stringify({ sku: '24-MB01', name: '' })
const product = JSON.stringify({ sku: '24-MB01', name: 'x'.repeat(1024 - emptyProduct.length) })
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
  reportUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
