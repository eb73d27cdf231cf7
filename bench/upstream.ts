import type { Child } from './child.ts'
import { startNginx } from './nginx.ts'
import { core } from './pinning.ts'

const emptyProduct = JSON.stringify({ sku: '24-MB01', name: '' })
const product = JSON.stringify({ sku: '24-MB01', name: 'x'.repeat(1024 - emptyProduct.length) })

/** Starts what stands for Magento: a product of 1 KiB for a GET, a small answer for a POST. */
export function startUpstream(): Promise<Child> {
  return startNginx('upstream.conf', { product }, core.others)
}
