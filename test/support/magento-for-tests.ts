import { freePort } from './free-port.ts'
import { testEnv } from './gateway.ts'
import {
  type MagentoStandIn,
  type MagentoStandInOptions,
  startMagentoStandIn,
} from './magento/stand-in.ts'

/** A stand-in that takes the bearer token which the gateway of a test holds. */
export async function startMagento(options: MagentoStandInOptions = {}): Promise<MagentoStandIn> {
  return startMagentoStandIn({
    integrations: [
      {
        name: 'gateway',
        consumerKey: 'consumer-key',
        consumerSecret: 'consumer-secret',
        accessToken: testEnv.MAGENTO_TOKEN,
        accessTokenSecret: 'access-token-secret',
      },
    ],
    enableIntegrationAsBearer: true,
    // Nobody else takes it while the stand-in refuses connections.
    port: await freePort(),
    ...options,
  })
}
