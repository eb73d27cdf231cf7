import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { test } from 'node:test'

/*
 * npm makes the file of a command executable before npx runs it. It was not executable in the repository, so that a
 * checkout had a change after `npx magegate`.
 */
test('the file of the command is executable, so that npx changes nothing in a checkout', async () => {
  await access(new URL('../../src/main.ts', import.meta.url), constants.X_OK)
})
