import { after, before, beforeEach } from 'node:test'
import { globex, quietAddresses, startGateway, type TestGateway } from './gateway.ts'
import { type RawUpstream, startRawUpstream } from './raw-upstream.ts'

/** A gateway for the tests of a file, and what came through it. */
export interface WatchedGateway {
  readonly url: () => string
  /** What the test that runs has had forwarded, as it came over the wire. */
  readonly forwarded: () => readonly string[]
}

/** Has the tests of a file share a gateway before an upstream that answers `{}` to everything. */
export function watchedGateway(listen: object): WatchedGateway {
  let upstream: RawUpstream
  let gateway: TestGateway
  let earlier = 0
  before(async () => {
    upstream = await startRawUpstream((socket) => {
      const type = 'Content-Type: application/json'
      socket.write(`HTTP/1.1 200 OK\r\n${type}\r\nContent-Length: 2\r\n\r\n{}`)
    })
    gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [globex],
      gateway: { listen, limits: { perAddress: quietAddresses } },
    })
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    earlier = upstream.requests.length
  })
  return { url: () => gateway.url, forwarded: () => upstream.requests.slice(earlier) }
}
