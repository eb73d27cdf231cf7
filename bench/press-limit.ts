import { setTimeout as delay } from 'node:timers/promises'
import { Secret } from '../src/contract/secret.ts'
import { chargeOn, decide, openTestStore, rateOf } from '../test/support/limits.ts'
import { type PressureOrder, pressed } from './limit-pressure.ts'

// Asks for decisions at a steady pace, and tells the parent how many were let through.
const { url, leaseTokens, seconds, perSecond } = JSON.parse(process.argv[2] ?? '') as PressureOrder
process.on('disconnect', () => process.exit(1))
using opened = await openTestStore({ url: new Secret(url) })
const charge = chargeOn([rateOf(pressed.perSecond, 1, pressed.burst)], { leaseTokens })
const begin = performance.now()
const pending: Promise<void>[] = []
let asked = 0
let allowed = 0
while (asked < perSecond * seconds) {
  const due = Math.min(perSecond * seconds, ((performance.now() - begin) / 1000) * perSecond)
  for (; asked < due; asked += 1) {
    pending.push(
      decide(opened.store, charge).then(({ isAllowed }) => {
        if (isAllowed) allowed += 1
      }),
    )
  }
  await delay(2)
}
await Promise.all(pending)
process.send?.({ asked, allowed }, () => process.exit(0))
