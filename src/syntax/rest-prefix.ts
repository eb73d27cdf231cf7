/** How the paths of Magento's REST API begin, in one of its stores or in the default one. */
export function restPrefix(store: string | undefined): string {
  return store === undefined ? '/rest' : `/rest/${store}`
}
