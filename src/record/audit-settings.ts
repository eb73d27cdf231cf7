import { type Static, Type } from 'typebox'
import { SecretSetting, SecretUrlSetting } from '../contract/secret-setting.ts'
import { closed, Milliseconds } from '../contract/setting-forms.ts'

const checkpoints = Type.Object(
  {
    key: SecretSetting('Ed25519 private key in PEM, as made by `audit keygen`.'),
    everyRecords: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 1_000,
      description: 'Records after which a checkpoint is made. It covers all that wait then.',
    }),
    everySeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 10,
      description: 'Longest that a record waits for its checkpoint.',
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
          url: Type.Optional(SecretUrlSetting('URL to which each checkpoint is posted.')),
        },
        { ...closed, description: 'Second places to which each checkpoint is copied.' },
      ),
    ),
  },
  { ...closed, description: 'Signed checkpoints of the file, in FILE.checkpoints.' },
)

/** The section `audit.checkpoints`. */
export type AuditCheckpointSettings = Static<typeof checkpoints>

const rotate = Type.Object(
  {
    sizeMiB: Type.Integer({
      minimum: 1,
      description: 'Size at which a new file is started.',
    }),
    keep: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'How many old files are kept.',
    }),
    everyHours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 8_784,
        description: 'Age at which a new file is started, whatever its size.',
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
)

/** The section `audit.rotate`: when a file is put aside, and what happens to it then. */
export type TrailRotation = Static<typeof rotate>

/** The section `audit` of gateway.yaml: the trail of records. */
export const AuditSettings = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'File to which records are appended. Its name does not end in .gz or .zst.',
      }),
    ),
    stdout: Type.Optional(Type.Boolean({ description: 'Write records to standard output.' })),
    checkpoints: Type.Optional(checkpoints),
    onFailure: Type.Enum(['refuse', 'allow'], {
      default: 'refuse',
      description:
        'While records cannot be written: refuse writes and fail readiness, or allow writes without a record.',
    }),
    redact: Type.Object(
      {
        emails: Type.Boolean({ default: false, description: 'Redact e-mail addresses as well.' }),
        names: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            'Further names of members whose values are not shown, in any spelling, such as taxvat.',
        }),
      },
      {
        ...closed,
        default: {},
        description: 'What is redacted besides tokens, secrets and card numbers.',
      },
    ),
    tokenHashKey: Type.Optional(
      SecretSetting(
        'Key of the hash by which requests with the same token are found. If left out, every process has its own.',
      ),
    ),
    deadlineMs: Milliseconds(
      2_000,
      'Longest that the answer to a write waits for its record; after that the trail counts as failing.',
    ),
    rotate: Type.Optional(rotate),
  },
  closed,
)

/** A section `audit` that matches the schema. */
export type AuditSettings = Static<typeof AuditSettings>
