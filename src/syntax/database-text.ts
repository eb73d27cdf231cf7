/**
 * A text as the database of Magento compares it: without case, accents and spaces at its end (MySQL: collation
 * utf8_general_ci). Two SKUs, accounts or carts that are alike so are one to Magento.
 */
export function asComparedByDatabase(text: string): string {
  const plain = ascii.test(text) ? text : text.normalize('NFKD').replace(/\p{M}/gu, '')
  return plain.toLowerCase().trimEnd()
}

// Most texts are, and a search compares millions.
const ascii = /^\p{ASCII}*$/u
