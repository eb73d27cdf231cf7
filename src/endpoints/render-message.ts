interface MagentoMessage {
  readonly message?: unknown
  readonly parameters?: unknown
}

/**
 * The text of an error of Magento, with the reasons that it gives. Over REST, Magento leaves it to the caller to put
 * parameters into texts (Magento: Framework/Webapi/Rest/Response.php, _renderMessages).
 * @param body that of the answer
 * @returns undefined if there is no text
 */
export function renderMessage(body: unknown): string | undefined {
  const { errors } = (body ?? {}) as { readonly errors?: unknown }
  const reasons = Array.isArray(errors) ? errors.map(rendered) : []
  const texts = [rendered(body), ...reasons].filter((text) => text !== undefined)
  return texts.length === 0 ? undefined : texts.join(' ')
}

function rendered(part: unknown): string | undefined {
  const { message, parameters } = (part ?? {}) as MagentoMessage
  if (typeof message !== 'string') return undefined
  if (typeof parameters !== 'object' || parameters === null) return message
  return message.replace(placeholder, (whole, name: string) => {
    // Lists are counted from 1 (Magento: Framework/Phrase/Renderer/Placeholder.php).
    const key = Array.isArray(parameters) ? String(Number(name) - 1) : name
    const value: unknown = Reflect.get(parameters, key)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole
  })
}

const placeholder = /%(\d+|[A-Za-z_]\w*)/g
