import fc from 'fast-check'

/*
 * Loaded before every test: property tests draw the same cases each time, so that a change is
 * judged by what it changed. PROPERTY_SEED draws others.
 */
const seed = Number(process.env.PROPERTY_SEED ?? 20_260_101)
if (!Number.isInteger(seed)) throw new Error('PROPERTY_SEED is not an integer')
fc.configureGlobal({ seed })
