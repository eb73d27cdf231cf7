import { cases, type SignedRequest, signBody, signRequest, smallGet, smallPost } from './cases.ts'
import type { Scheme } from './configuration.ts'

/**
 * Makes sure that a proxy does what it is measured for: to compare with one that lets everything through
 * would tell nothing.
 * @throws {Error} rejects when a request that is in order is refused, or another one is not
 */
export async function checkRefusals(name: string, url: string, scheme: Scheme): Promise<void> {
  const expect = async (what: string, request: SignedRequest, status: number) => {
    const answer = await fetch(new URL(request.path, url), request)
    await answer.arrayBuffer()
    if (answer.status === status) return
    throw new Error(`${name} answers ${answer.status} to ${what}, not ${status}`)
  }
  const changed = (request: SignedRequest, headers: Readonly<Record<string, string>>) => ({
    ...request,
    headers: { ...request.headers, ...headers },
  })
  await expect('a GET', signRequest(smallGet, scheme), 200)
  for (const each of cases.slice(1)) {
    const write = signRequest(each, scheme)
    await expect(`a ${each.name}`, write, 200)
    await expect(`the same ${each.name} again`, write, 401)
    const unsigned = changed(signRequest(each, scheme), { 'X-Signature': 'a'.repeat(64) })
    await expect(`a ${each.name} with a wrong signature`, unsigned, 401)
  }
  const stranger = changed(signRequest(smallGet, scheme), { Authorization: 'Bearer nobody' })
  await expect('a wrong token', stranger, 401)
  const ungranted = { ...smallGet, path: '/rest/V1/orders/1' }
  await expect('a route that is not granted', signRequest(ungranted, scheme), 403)
  const misshaped = '{"items":[{"sku":"24-MB01","qty":"15"}]}'
  await expect('a body that the schema refuses', signBody(smallPost, misshaped, scheme), 400)
  await expect('a body that is not JSON', signBody(smallPost, '{"items":[', scheme), 400)
}
