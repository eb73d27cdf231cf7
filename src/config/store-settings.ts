import { Type } from 'typebox'
import { SecretSetting, SecretUrlSetting } from '../contract/secret-setting.ts'
import { AuthoritiesFile, closed, Milliseconds, ReadableFile } from '../contract/setting-forms.ts'

const nodeForm = /^(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/
const expectedNode = 'a host and a port, such as 10.0.0.5:26379'

const nodeAddresses = Type.Array(
  Type.Refine(
    Type.String({
      pattern: nodeForm.source,
      examples: ['10.0.0.5:26379'],
      expected: expectedNode,
    }),
    // If it does not have the form, another fault is reported for it.
    (text) => Number(nodeForm.exec(text)?.[1] ?? 0) <= 65_535,
    () => expectedNode,
  ),
  { minItems: 1 },
)

const redisAccess = {
  username: Type.Optional(Type.String({ description: 'User of the Redis servers.' })),
  password: Type.Optional(SecretSetting('Password of the Redis servers.')),
  tls: Type.Optional(Type.Boolean({ description: 'Whether the Redis servers use TLS.' })),
}

/** The section `store` of gateway.yaml: where processes keep the state that they share. */
export const StoreSettings = Type.Object(
  {
    redis: Type.Optional(
      SecretUrlSetting('Redis URL, redis:// or rediss://. If left out, state is kept in memory.'),
    ),
    sentinel: Type.Optional(
      Type.Object(
        {
          primary: Type.String({
            minLength: 1,
            description: 'Name by which the sentinels know the primary.',
          }),
          nodes: nodeAddresses,
          ...redisAccess,
          sentinelUsername: Type.Optional(Type.String({ description: 'User of the sentinels.' })),
          sentinelPassword: Type.Optional(SecretSetting('Password of the sentinels.')),
          sentinelTls: Type.Optional(
            Type.Boolean({ description: 'Whether the sentinels use TLS.' }),
          ),
        },
        { ...closed, description: 'Redis watched by sentinels.' },
      ),
    ),
    cluster: Type.Optional(
      Type.Object(
        { nodes: nodeAddresses, ...redisAccess },
        { ...closed, description: 'Redis Cluster; some of its nodes are enough.' },
      ),
    ),
    caFile: Type.Optional(
      AuthoritiesFile('PEM file of the authorities that may sign the certificates of Redis.'),
    ),
    clientCertificate: Type.Optional(
      Type.Object(
        {
          certFile: ReadableFile('PEM file of the certificate.'),
          keyFile: ReadableFile('PEM file of its private key.'),
        },
        { ...closed, description: 'The certificate that the gateway shows to Redis.' },
      ),
    ),
    deadlineMs: Milliseconds(50, 'Longest that a request waits for each answer of Redis.'),
    localShare: Type.Number({
      // A smaller share of a rate leads to waiting times that no caller can read.
      minimum: 0.0001,
      maximum: 1,
      default: 1,
      description: 'Share of every limit that this process grants by itself while Redis is away.',
    }),
  },
  { ...closed, default: {} },
)
