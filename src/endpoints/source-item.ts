/** A quantity in an inventory source, as Magento takes it (InventoryApi/Api/Data/SourceItemInterface.php). */
export function sourceItem(sku: string, quantity: number, sourceCode: string) {
  return { sku, source_code: sourceCode, quantity, status: quantity > 0 ? 1 : 0 }
}
