import { type Static, Type } from 'typebox'
import { certificateHeaders } from '../admit/client-certificate.ts'
import { CidrSetting } from '../admit/ip-address.ts'
import {
  CircuitBreakerSettings,
  ProbeSettings,
  QueueSettings,
} from '../forward/gate/gate-settings.ts'
import { dialectOf } from '../forward/oauth1/dialect.ts'
import { UpstreamSignatureSettings } from '../forward/upstream-signature.ts'
import { RateSetting } from '../rate.ts'
import { SecretSetting } from '../secret.ts'
import { cacheSettings } from './cache-settings.ts'
import { JobsSettings } from './jobs-settings.ts'

const closed = { additionalProperties: false } as const

function Port(description: string) {
  return Type.Integer({ minimum: 0, maximum: 65_535, description })
}

function Milliseconds(standard: number, description: string) {
  return Type.Integer({ minimum: 1, maximum: 3_600_000, default: standard, description })
}

/** A file that is read at start; relative to the directory of the configuration. */
function ReadableFile(description: string) {
  return Type.String({ description, reference: 'file' })
}

function HttpUrl(description: string) {
  return Type.Refine(
    Type.String({ description }),
    (text) => {
      const url = URL.parse(text)
      return (
        url !== null &&
        /^https?:$/.test(url.protocol) &&
        url.pathname === '/' &&
        `${url.username}${url.password}${url.search}${url.hash}` === ''
      )
    },
    () => 'an http or https URL of a host, without path, query and credentials',
  )
}

const tls = Type.Object(
  {
    certFile: ReadableFile('PEM file with the certificate chain.'),
    keyFile: ReadableFile('PEM file with the private key.'),
    clientCaFile: Type.Optional(
      ReadableFile('PEM file of the authorities that may sign client certificates.'),
    ),
    http2: Type.Boolean({
      default: true,
      description: 'Whether callers may choose HTTP/2 (ALPN h2) beside HTTP/1.1.',
    }),
    checkFilesMs: Milliseconds(
      10_000,
      'How often the files are looked at for a new certificate, which is then used without a restart.',
    ),
  },
  { ...closed, description: 'TLS 1.2 and 1.3 at the gateway itself.' },
)

const hsts = Type.Object(
  {
    maxAgeSeconds: Type.Integer({
      minimum: 0,
      maximum: 4_294_967_295,
      default: 31_536_000,
      description: 'For how long callers are to use HTTPS only.',
    }),
    includeSubDomains: Type.Boolean({
      default: false,
      description: 'Whether that goes for all hosts below the name too.',
    }),
  },
  {
    ...closed,
    description: 'Strict-Transport-Security on answers over HTTPS, here or at a trusted proxy.',
  },
)

const listen = Type.Object(
  {
    host: Type.String({ description: 'Address to listen on.' }),
    port: Port('Port to listen on; 0 takes a free one.'),
    reusePort: Type.Boolean({
      default: false,
      description:
        'Share the port with other processes of the same user (SO_REUSEPORT), so that one can be restarted while the others serve.',
    }),
    publicUrl: Type.Optional(
      HttpUrl('What callers call the gateway; a part of signatures of rfc9421 and oauth1.'),
    ),
    tls: Type.Optional(tls),
    hsts: Type.Optional(hsts),
    requireHttps: Type.Boolean({
      default: true,
      description:
        'Refuse what did not come over TLS, here or at a trusted proxy. Only a loopback host may set false.',
    }),
    trustedProxies: Type.Array(CidrSetting(), {
      default: [],
      description:
        'Proxies whose X-Forwarded-For, X-Forwarded-Proto, X-Request-Id and traceparent count.',
    }),
    clientCertificateHeader: Type.Optional(
      Type.Enum([...certificateHeaders], {
        description:
          'Header in which trusted proxies forward the client certificate that they verified, as RFC 9440 has it or as percent-encoded PEM. They must remove it from what callers send.',
      }),
    ),
    requestTimeoutMs: Milliseconds(30_000, 'Until a whole request, body included, must be here.'),
    maxConnections: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Most open connections; one more is closed at once.',
    }),
    problemsUrl: Type.String({
      default: '/problems',
      description: 'Where docs/problems.md is published; the type of every problem points there.',
    }),
  },
  closed,
)

const admin = Type.Object(
  {
    host: Type.String({ description: 'Address of the admin listener: /livez /readyz /metrics.' }),
    port: Port('Port of the admin listener; 0 takes a free one.'),
    token: Type.Optional(
      SecretSetting('Bearer token of POST /reload, which is not there without one.', 16),
    ),
  },
  closed,
)

const magento = Type.Object(
  {
    url: HttpUrl('Where the gateway reaches Magento.'),
    publicUrl: Type.Optional(
      HttpUrl(
        'What Magento believes its address to be: Host and X-Forwarded-Proto. As url if left out.',
      ),
    ),
    version: Type.Optional(
      Type.Refine(
        Type.String({
          examples: ['2.4.8-p1'],
          description:
            'Version of Magento, which decides how it checks OAuth signatures; found out if left out.',
        }),
        (text) => dialectOf(text) !== undefined,
        () => 'a version from 2.4.6 on, such as 2.4.8-p1',
      ),
    ),
    stores: Type.Array(Type.String({ pattern: '^(?!async|schema)[A-Za-z][A-Za-z0-9_]*$' }), {
      default: ['default', 'all'],
      uniqueItems: true,
      description: 'Store codes that may stand in a path: /rest/STORE/V1/…',
    }),
    sourceCode: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,255}$',
        examples: ['default'],
        description:
          'Inventory source that endpoints of the gateway write quantities to. Left out where the shop has no sources: stock items.',
      }),
    ),
    arrayLimit: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 20,
      description:
        'Most elements of an array in a call that the gateway makes. Magento takes 20 where its input limits are on, and any number where they are off.',
    }),
    upstreamSignature: Type.Optional(UpstreamSignatureSettings),
    caFile: Type.Optional(
      ReadableFile('PEM file of the authorities that may sign the certificate of Magento.'),
    ),
    connections: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 64,
      description: 'Most connections to Magento, and most requests, at once; further ones wait.',
    }),
    queue: QueueSettings,
    circuitBreaker: CircuitBreakerSettings,
    probe: Type.Optional(ProbeSettings),
    timeouts: Type.Object(
      {
        connectMs: Milliseconds(2_000, 'Until the connection stands.'),
        headersMs: Milliseconds(30_000, 'Until the headers of the answer are here.'),
        bodyMs: Milliseconds(60_000, 'Most between two pieces of the answer.'),
        totalMs: Milliseconds(90_000, 'Until the whole answer is here.'),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
)

const nodeAddresses = Type.Array(
  Type.String({
    pattern: '^(?:[A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+\\]):\\d{1,5}$',
    examples: ['10.0.0.5:26379'],
    expected: 'a host and a port, such as 10.0.0.5:26379',
  }),
  { minItems: 1 },
)

const redisAccess = {
  username: Type.Optional(Type.String({ description: 'User of the Redis servers.' })),
  password: Type.Optional(SecretSetting('Password of the Redis servers.')),
  tls: Type.Optional(Type.Boolean({ description: 'Whether the Redis servers speak TLS.' })),
}

const store = Type.Object(
  {
    redis: Type.Optional(SecretSetting('Redis URL, redis:// or rediss://. In memory if left out.')),
    sentinel: Type.Optional(
      Type.Object(
        {
          primary: Type.String({ description: 'Name of the primary, as the sentinels know it.' }),
          nodes: nodeAddresses,
          ...redisAccess,
        },
        { ...closed, description: 'Redis that sentinels watch over.' },
      ),
    ),
    cluster: Type.Optional(
      Type.Object(
        { nodes: nodeAddresses, ...redisAccess },
        { ...closed, description: 'Redis Cluster; some of its nodes are enough.' },
      ),
    ),
    deadlineMs: Milliseconds(50, 'Most that a request waits for Redis.'),
    localShare: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: 'Share of every limit that this process grants by itself while Redis is away.',
    }),
  },
  { ...closed, default: {} },
)

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
          file: Type.Optional(Type.String({ description: 'File on another volume or machine.' })),
          redis: Type.Optional(
            Type.Object(
              {
                url: SecretSetting('Redis URL, redis:// or rediss://.'),
                stream: Type.String({ minLength: 1, description: 'Name of the stream.' }),
              },
              closed,
            ),
          ),
          url: Type.Optional(SecretSetting('URL that each checkpoint is posted to.')),
        },
        { ...closed, description: 'Second places that each checkpoint is taken to.' },
      ),
    ),
  },
  { ...closed, description: 'Signed checkpoints of the file, in FILE.checkpoints.' },
)

const audit = Type.Object(
  {
    file: Type.Optional(Type.String({ description: 'File that records are appended to.' })),
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

const limits = Type.Object(
  {
    bodyBytes: Type.Integer({
      minimum: 1,
      maximum: 1_073_741_824,
      default: 1_048_576,
      description: 'Most bytes of a request body.',
    }),
    textLength: Type.Integer({
      minimum: 1,
      maximum: 1_073_741_824,
      default: 65_536,
      description: 'Most characters of a text in a body; of file contents only bodyBytes counts.',
    }),
    arrayItems: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 5_000,
      description: 'Most elements of an array in a body.',
    }),
    perAddress: Type.Object(
      {
        rate: RateSetting(),
        burst: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          description: 'Bucket size, requests.',
        }),
        connections: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 1_000,
          description:
            'Most open connections; one more is closed at once. Trusted proxies may hold any number.',
        }),
        refusals: Type.Object(
          {
            rate: RateSetting('60/min'),
            burst: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 100 }),
            penaltyMs: Milliseconds(1_000, 'First penalty; each further one is twice as long.'),
            longestPenaltyMs: Milliseconds(300_000, 'Longest penalty.'),
          },
          {
            ...closed,
            default: {},
            description:
              'Refusals that no integration is charged for: what is let pass before the address is shut out.',
          },
        ),
      },
      {
        ...closed,
        default: { rate: '100/s', burst: 200 },
        description: 'Limit of one address (an IPv6 /64), before anything is spent on it.',
      },
    ),
  },
  { ...closed, default: {} },
)

const shutdown = Type.Object(
  {
    noticeMs: Type.Integer({
      minimum: 0,
      maximum: 600_000,
      default: 3_000,
      description: 'How long after SIGTERM new connections are still served, readiness failing.',
    }),
    deadlineMs: Milliseconds(
      12_000,
      'How long after SIGTERM what is still running is cut off; longer than the notice.',
    ),
  },
  { ...closed, default: {} },
)

/** The shape of `gateway.yaml` once defaults are filled in: what has a default may be left out. */
export const GatewaySettings = Type.Object(
  {
    listen,
    admin: Type.Optional(admin),
    magento,
    store,
    audit,
    limits,
    jobs: Type.Optional(JobsSettings),
    cache: cacheSettings,
    shutdown,
  },
  { ...closed, title: 'magegate gateway.yaml' },
)

/** `gateway.yaml` as written, once it matches {@link GatewaySettings}. */
export type GatewaySettings = Static<typeof GatewaySettings>
