/* The suite has no types of its own. */

declare module 'http-cache-tests/client/runner.mjs' {
  /** Runs every test of the suites; `base` is where their server is. */
  export function runTests(
    suites: readonly unknown[],
    send: unknown,
    isBrowser: boolean,
    base: string,
    testsAtOnce: number,
  ): Promise<void>
  /** By the id of the test: true, or the kind of failure and what was wrong. */
  export function getResults(): Record<string, true | readonly [kind: string, text: string]>
}

declare module 'http-cache-tests/server/handle-config.mjs' {
  export { default } from 'http-cache-tests/server/handle-test.mjs'
}

declare module 'http-cache-tests/server/handle-state.mjs' {
  export { default } from 'http-cache-tests/server/handle-test.mjs'
}

declare module 'http-cache-tests/server/handle-test.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  /** Answers a request, of whose path the segments after the first are given. */
  // biome-ignore lint/style/noDefaultExport: the package has it so
  export default function handle(
    segments: readonly string[],
    request: IncomingMessage,
    response: ServerResponse,
  ): void
}

declare module 'http-cache-tests/tests/index.mjs' {
  const suites: readonly {
    readonly id: string
    readonly tests: readonly {
      readonly id: string
      readonly name: string
      /** Required where it says nothing. */
      readonly kind?: 'required' | 'optimal' | 'check'
      readonly browser_only?: boolean
    }[]
  }[]
  // biome-ignore lint/style/noDefaultExport: the package has it so
  export default suites
}
