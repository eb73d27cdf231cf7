/**
 * A text as the database of Magento compares it: without case, accents and spaces at its end (MySQL and MariaDB:
 * collation utf8mb4_general_ci, or utf8_general_ci; strings/ctype-utf8.c, plane00 to planeFF). Two SKUs, accounts or
 * carts that are alike so are one to Magento.
 */
export function asComparedByDatabase(text: string): string {
  return (ascii.test(text) ? text.toLowerCase() : folded(text)).trimEnd()
}

// Most texts are, and a search compares millions.
const ascii = /^\p{ASCII}*$/u

function folded(text: string): string {
  return text
    .replace(beyondBasicPlane, '\ufffd')
    .replace(accented, (letter) => exceptions[letter] ?? letter.normalize('NFD').charAt(0))
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
}

// To the collation they are all one character.
const beyondBasicPlane = /[\u{10000}-\u{10ffff}]/gu

// Only of these letters does the collation take the accents off; a combining mark is a character of its own.
const accented = /[[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]--\p{ASCII}]/gv

/** Letters about which the collation does not agree with Unicode. */
const exceptions: Readonly<Record<string, string>> = { ß: 's', ϲ: 'σ', й: 'й', Й: 'Й' }
