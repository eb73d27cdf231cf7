import { Type } from 'typebox'
import { SecretUrlSetting } from '../contract/secret-setting.ts'
import { AuthoritiesFile, closed } from '../contract/setting-forms.ts'

/** The section `jobs` of gateway.yaml: where accepted writes are kept, and how they are carried out. */
export const JobsSettings = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'SQLite file of the jobs, on a local disk. It contains the bodies of requests.',
      }),
    ),
    rabbitmq: Type.Optional(
      SecretUrlSetting(
        'Instead of a file, for several machines: URL of RabbitMQ 3.10 or later, amqp:// or amqps://, with user and virtual host.',
      ),
    ),
    rabbitmqCaFile: Type.Optional(
      AuthoritiesFile('PEM file of the authorities that may sign the certificate of RabbitMQ.'),
    ),
    confirmMs: Type.Integer({
      minimum: 1,
      maximum: 60_000,
      default: 5_000,
      description:
        'Longest that a request waits for RabbitMQ to confirm its job. While queues are made, each answer may take ten times as long.',
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
          description:
            'Wait after the first failed attempt that may be repeated; it doubles each time.',
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
      description: 'How long a job is tried before it is given up.',
    }),
    keepHours: Type.Integer({
      minimum: 1,
      maximum: 8_760,
      default: 168,
      description: 'How long a finished job can be seen.',
    }),
    keepDeadHours: Type.Integer({
      minimum: 1,
      // The longest time to live in RabbitMQ is a little more than this.
      maximum: 1_176,
      default: 720,
      description: 'How long dead letters of jobs and call-backs are kept.',
    }),
    maxWaiting: Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      default: 100_000,
      description:
        'Most jobs that wait; further requests are refused. In a file, an integration with more than a quarter of them leaves a quarter to the others.',
    }),
  },
  {
    ...closed,
    description: 'Writes that are accepted at once and carried out later; disabled if left out.',
  },
)
