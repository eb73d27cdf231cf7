import { Type } from 'typebox'
import { SecretSetting, SecretUrlSetting } from '../contract/secret-setting.ts'
import { closed, Milliseconds } from './setting-forms.ts'

const checkpoints = Type.Object(
  {
    key: SecretSetting('Ed25519 private key, PEM, that `audit keygen` has made.'),
    everyRecords: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 1_000,
      description: 'How many records have one checkpoint at most.',
    }),
    everySeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 10,
      description: 'How long a record waits for its checkpoint at most.',
    }),
    copyTo: Type.Optional(
      Type.Object(
        {
          file: Type.Optional(
            Type.String({ minLength: 1, description: 'File on another volume or machine.' }),
          ),
          redis: Type.Optional(
            Type.Object(
              {
                url: SecretUrlSetting('Redis URL, redis:// or rediss://.'),
                stream: Type.String({ minLength: 1, description: 'Name of the stream.' }),
              },
              closed,
            ),
          ),
          url: Type.Optional(SecretUrlSetting('URL that each checkpoint is posted to.')),
        },
        { ...closed, description: 'Second places that each checkpoint is taken to.' },
      ),
    ),
  },
  { ...closed, description: 'Signed checkpoints of the file, in FILE.checkpoints.' },
)

/** The section `audit` of gateway.yaml: the trail of records. */
export const AuditSettings = Type.Object(
  {
    file: Type.Optional(
      Type.String({ minLength: 1, description: 'File that records are appended to.' }),
    ),
    stdout: Type.Optional(Type.Boolean({ description: 'Write records to standard output.' })),
    checkpoints: Type.Optional(checkpoints),
    onFailure: Type.Enum(['refuse', 'allow'], {
      default: 'refuse',
      description:
        'While records cannot be written: refuse writes and readiness, or allow them unrecorded.',
    }),
    redact: Type.Object(
      {
        emails: Type.Boolean({ default: false, description: 'Strike out e-mail addresses too.' }),
        names: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            'Further names of members whose values are not shown, in any spelling, such as taxvat.',
        }),
      },
      {
        ...closed,
        default: {},
        description: 'What is struck out besides tokens, secrets and numbers of cards.',
      },
    ),
    tokenHashKey: Type.Optional(
      SecretSetting(
        'Key of the hash by which requests with one token are found. Left out, every process has its own.',
      ),
    ),
    deadlineMs: Milliseconds(
      2_000,
      'Most that the answer of a write waits for its record; after that the trail counts as failing.',
    ),
    rotate: Type.Optional(
      Type.Object(
        {
          sizeMiB: Type.Integer({ minimum: 1, description: 'Size at which a new file is begun.' }),
          keep: Type.Integer({
            minimum: 1,
            maximum: 10_000,
            description: 'How many old files are kept.',
          }),
          everyHours: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 8_784,
              description: 'Age at which a new file is begun, whatever its size.',
            }),
          ),
          keepDays: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 36_500,
              description: 'How long an old file is kept at most.',
            }),
          ),
          compress: Type.Enum(['none', 'gzip', 'zstd'], {
            default: 'none',
            description: 'How old files are compressed.',
          }),
        },
        closed,
      ),
    ),
  },
  closed,
)
