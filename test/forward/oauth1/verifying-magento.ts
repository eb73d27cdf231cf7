import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { Secret } from '../../../src/contract/secret.ts'
import { jsonAnswer } from '../../support/magento/answer.ts'
import type { OauthDialect } from '../../support/magento/credentials.ts'
import { errorAnswer } from '../../support/magento/magento-error.ts'
import { Nonces } from '../../support/magento/oauth/nonces.ts'
import { verifyOauth } from '../../support/magento/oauth/oauth-verification.ts'
import { type FormFields, parseFormFields } from '../../support/magento/php/form-fields.ts'
import { urlDecode } from '../../support/magento/php/url-decoding.ts'

/** An integration as Magento knows it: keys of 32 characters, and a secret that must be encoded. */
export const integration = {
  name: 'erp',
  consumerKey: 'ck'.padEnd(32, '0123456789'),
  consumerSecret: 'c&s %+~'.padEnd(32, 'secret'),
  accessToken: 'at'.padEnd(32, '0123456789'),
  accessTokenSecret: 'ats'.padEnd(32, 'secret'),
}

/** The same for the gateway. */
export const credentials = {
  consumerKey: new Secret(integration.consumerKey),
  consumerSecret: new Secret(integration.consumerSecret),
  accessToken: new Secret(integration.accessToken),
  accessTokenSecret: new Secret(integration.accessTokenSecret),
}

/** What such a Magento answers to a request whose signature fits. */
export interface Understood {
  /** The last segment of the path, as Magento's router decodes it. */
  readonly sku: string
  /** The query, as PHP reads it. */
  readonly query: FormFields
}

/** A server that takes nothing but valid OAuth signatures of a dialect, and tells what it read. */
export interface VerifyingMagento extends AsyncDisposable {
  readonly url: string
  /** How many requests it had, and what it is to become when it is upgraded. */
  readonly state: { requests: number; dialect: OauthDialect; failsWith: number | undefined }
}

/** Starts one on a free port, with the stand-in's own code to verify signatures. */
export async function startVerifyingMagento(dialect: OauthDialect): Promise<VerifyingMagento> {
  const state: VerifyingMagento['state'] = { requests: 0, dialect, failsWith: undefined }
  const nonces = new Nonces()
  const server = createServer({ maxHeaderSize: 65_536 }, async (incoming, response) => {
    const { method = '', url = '', headers } = incoming
    const request = {
      method,
      url: `http://${headers.host}${url}`,
      authorization: headers.authorization ?? '',
      contentType: headers['content-type'] ?? '',
      body: (await buffer(incoming)).toString(),
    }
    state.requests += 1
    const answer = () => {
      const verification = { integrations: [integration], nonces }
      const known = verifyOauth(request, { ...verification, dialect: state.dialect })
      if (known === undefined) return jsonAnswer(401, { message: 'no OAuth' })
      if (state.failsWith !== undefined) return jsonAnswer(state.failsWith, { message: 'failed' })
      const [path = '', query = ''] = url.split('?')
      const sku = urlDecode(path.slice(path.lastIndexOf('/') + 1))
      return jsonAnswer(200, { sku, query: parseFormFields(query) } satisfies Understood)
    }
    try {
      const { status, headers: fields, body } = answer()
      response.writeHead(status, fields).end(body)
    } catch (error) {
      const { status, headers: fields, body } = errorAnswer(error)
      response.writeHead(status, fields).end(body)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}
