/** A query that has no form which Magento would accept; `fault` is public and never repeats the query. */
export interface QueryFault {
  readonly fault: string
}
