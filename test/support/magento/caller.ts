/** Who Magento takes the sender of a request to be (Magento: Authorization/Model/UserContextInterface). */
export type Caller =
  | { readonly kind: 'guest' }
  | { readonly kind: 'integration'; readonly name: string }
  | { readonly kind: 'admin'; readonly name: string }

/** The sender whose credentials are missing or worth nothing. */
export const guest: Caller = { kind: 'guest' }
