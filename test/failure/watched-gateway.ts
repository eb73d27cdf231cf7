import { beforeEach } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'

/** A gateway for the tests of a file, and what came through it. */
export interface WatchedGateway {
  readonly url: string
  /** What the test that runs has had forwarded, as it came over the wire. */
  readonly forwarded: () => readonly string[]
}

/** Has the tests of a file share a gateway before an upstream that answers `{}` to everything. */
export async function watchedGateway(listen: object): Promise<WatchedGateway> {
  const upstream = await shared(startRawUpstream())
  const { url } = await shared(
    startGateway({
      magentoUrl: upstream.url,
      integrations: [globex],
      gateway: { listen },
    }),
  )
  let earlier = 0
  beforeEach(() => {
    earlier = upstream.requests.length
  })
  return { url, forwarded: () => upstream.requests.slice(earlier) }
}
