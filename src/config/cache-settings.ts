import { Type } from 'typebox'

/** The section `cache` of gateway.yaml: how many of Magento's answers are kept. */
export const cacheSettings = Type.Object(
  {
    memoryMiB: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 64,
      description:
        'What kept answers may take of the memory of a process; those not asked for the longest go first. Does not count where the store is Redis.',
    }),
    answerKiB: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 256,
      description: 'Longest answer that is kept; up to this it is held until it is whole.',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description:
      'How much is kept of answers of the routes that integrations have in policies.cache.',
  },
)
