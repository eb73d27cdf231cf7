/** The only path outside `/rest/`: an OpenAPI document of what the integration may call. */
export const openApiPath = '/openapi.json'

/** The route of that document, which every integration is granted. */
export const openApiRoute = `GET ${openApiPath}`
