import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** Answers with JSON, in gzip if the request allows that, as web servers do. */
export function answerInGzip(
  socket: Socket,
  request: string,
  json: string,
  status = '200 OK',
): void {
  const isGzip = /^accept-encoding: .*gzip/im.test(request)
  const body = isGzip ? gzipSync(json) : Buffer.from(json)
  const coding = isGzip ? 'Content-Encoding: gzip\r\n' : ''
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${coding}Content-Length: ${body.length}\r\n\r\n`,
  )
  socket.write(body)
}
