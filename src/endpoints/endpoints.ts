import type { Endpoint } from '../contract/endpoint.ts'
import { getProduct } from './get-product.ts'
import { setStock } from './set-stock.ts'
import { setStocks } from './set-stocks.ts'

/** The built-in endpoints of the gateway. */
export const endpoints: readonly Endpoint[] = [getProduct, setStock, setStocks]
