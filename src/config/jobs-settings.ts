import { Type } from 'typebox'
import { SecretUrlSetting } from '../contract/secret-setting.ts'
import { AuthoritiesFile, closed } from './setting-forms.ts'

/** The section `jobs` of gateway.yaml: where accepted writes are kept, and how they are carried out. */
export const JobsSettings = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'SQLite file of the jobs, on a local disk. It has the bodies of requests in it.',
      }),
    ),
    rabbitmq: Type.Optional(
      SecretUrlSetting(
        'In place of a file, for several machines: URL of RabbitMQ 3.10 or later, amqp:// or amqps://, with user and virtual host.',
      ),
    ),
    rabbitmqCaFile: Type.Optional(
      AuthoritiesFile('PEM file of the authorities that may sign the certificate of RabbitMQ.'),
    ),
    confirmMs: Type.Integer({
      minimum: 1,
      maximum: 60_000,
      default: 5_000,
      description: 'Most that a request waits for RabbitMQ to confirm its job.',
    }),
    concurrency: Type.Integer({
      minimum: 1,
      maximum: 1_000,
      default: 4,
      description: 'Most jobs of this process that are sent to Magento at once.',
    }),
    retry: Type.Object(
      {
        firstMs: Type.Integer({
          minimum: 10,
          maximum: 3_600_000,
          default: 1_000,
          description: 'Wait after the first attempt that may be repeated; it doubles each time.',
        }),
        longestMs: Type.Integer({
          minimum: 10,
          maximum: 86_400_000,
          default: 60_000,
          description: 'Longest wait between two attempts.',
        }),
      },
      { ...closed, default: {} },
    ),
    expiryMinutes: Type.Integer({
      minimum: 1,
      maximum: 525_600,
      default: 1_440,
      description: 'Until a job is given up that could not be carried out.',
    }),
    keepHours: Type.Integer({
      minimum: 1,
      maximum: 8_760,
      default: 168,
      description: 'How long a job that is over can be seen.',
    }),
    keepDeadHours: Type.Integer({
      minimum: 1,
      // The longest time to live in RabbitMQ is a little more than this.
      maximum: 1_176,
      default: 720,
      description: 'How long a dead letter is kept, of jobs and of call-backs.',
    }),
    maxWaiting: Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      default: 100_000,
      description: 'Most jobs that wait; beyond them requests are refused.',
    }),
  },
  {
    ...closed,
    description: 'Writes that are accepted now and carried out later; none if left out.',
  },
)
