/**
 * A text as the database of Magento compares it: without case, accents and spaces at its end (MySQL and MariaDB:
 * collation utf8mb4_general_ci, or utf8_general_ci). Two SKUs, accounts or carts that are alike so are one to Magento.
 */
export function asComparedByDatabase(text: string): string {
  return (ascii.test(text) ? text.toLowerCase() : folded(text)).trimEnd()
}

// Most texts are, and a search compares millions.
const ascii = /^\p{ASCII}*$/u

function folded(text: string): string {
  return text
    .replace(beyondBasicPlane, '\ufffd')
    .replaceAll('\u0345', 'ι')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßıς]/g, (letter) => letters[letter] ?? letter)
}

// To the collation they are all one character.
const beyondBasicPlane = /[\u{10000}-\u{10ffff}]/gu

/** Letters that Unicode keeps apart from those to which the collation says that they are equal. */
const letters: Readonly<Record<string, string>> = { ß: 's', ı: 'i', ς: 'σ' }
