import { Type } from 'typebox'
import { closed } from '../contract/setting-forms.ts'

/** The section `cache` of gateway.yaml: how many of Magento's answers are kept. */
export const CacheSettings = Type.Object(
  {
    memoryMiB: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 64,
      description:
        'How much memory of a process kept answers may take; the least recently used are dropped first. Ignored if the store is Redis.',
    }),
    answerKiB: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 256,
      description:
        'Longest answer that is kept; up to this length it is held back until it is complete.',
    }),
  },
  {
    ...closed,
    default: {},
    description:
      'How many answers are kept of the routes that integrations list in policies.cache.',
  },
)
