/*
 * Names of members, parameters and variables whose values are credentials or payment data, folded: any
 * name that holds one of them is one. Magento's own are in it: rp_token, password_hash, cc_cid, cc_number.
 */
const standardNames =
  /token|secret|passw|passphrase|pwd|otp|nonce|signature|confirmation|apikey|accesskey|privatekey|authorization|cookie|session|credential|hash|cvv|cvc|cardnumber|ccnumber|ccnum|cccid|iban|bearer/

/** Tells whether a name is one of a credential. */
export type IsCredentialName = (name: string) => boolean

/**
 * Compiles the test of names. Names are compared as Magento compares them and more loosely: without
 * case, underscores and hyphens, so `password`, `passWord` and `pass_word` are one.
 * @param more further names, of which each is taken as it is, whole
 */
export function compileCredentialNames(more: readonly string[] = []): IsCredentialName {
  const own = new Set(more.map(fold))
  const known = new Map<string, boolean>()
  return (name) => {
    let is = known.get(name)
    if (is === undefined) {
      const folded = fold(name)
      is = standardNames.test(folded) || own.has(folded)
      // Callers choose names, so not all of them are remembered.
      if (known.size < maxRemembered) known.set(name, is)
    }
    return is
  }
}

const maxRemembered = 10_000

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-.\s]/g, '')
}
