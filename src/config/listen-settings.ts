import { Type } from 'typebox'
import { certificateHeaders } from '../admit/client-certificate.ts'
import { CidrSetting } from '../contract/ip-address.ts'
import {
  AuthoritiesFile,
  closed,
  Host,
  HttpUrl,
  Milliseconds,
  Port,
  ReadableFile,
} from '../contract/setting-forms.ts'

const tls = Type.Object(
  {
    certFile: ReadableFile('PEM file with the certificate chain.'),
    keyFile: ReadableFile('PEM file with the private key.'),
    clientCaFile: Type.Optional(
      AuthoritiesFile('PEM file of the authorities that may sign client certificates.'),
    ),
    http2: Type.Boolean({
      default: true,
      description: 'Whether callers may choose HTTP/2 (ALPN h2) instead of HTTP/1.1.',
    }),
    checkFilesMs: Milliseconds(
      10_000,
      'How often the files are checked for a new certificate, which is used without a restart.',
    ),
  },
  { ...closed, description: 'TLS 1.2 and 1.3, terminated by the gateway itself.' },
)

const hsts = Type.Object(
  {
    maxAgeSeconds: Type.Integer({
      minimum: 0,
      maximum: 4_294_967_295,
      default: 31_536_000,
      description: 'How long callers are to use only HTTPS.',
    }),
    includeSubDomains: Type.Boolean({
      default: false,
      description: 'Whether that applies to all subdomains as well.',
    }),
  },
  {
    ...closed,
    description: 'Strict-Transport-Security on answers over HTTPS, here or at a trusted proxy.',
  },
)

/** The section `listen` of gateway.yaml: the public listener. */
export const ListenSettings = Type.Object(
  {
    host: Host('Address to listen on.'),
    port: Port('Port to listen on; 0 takes a free one.'),
    reusePort: Type.Boolean({
      default: false,
      description:
        'Share the port with other processes of the same user (SO_REUSEPORT), so that one can be restarted while the others serve.',
    }),
    publicUrl: Type.Optional(
      HttpUrl('URL by which callers know the gateway; rfc9421 and oauth1 signatures cover it.'),
    ),
    tls: Type.Optional(tls),
    hsts: Type.Optional(hsts),
    requireHttps: Type.Boolean({
      default: true,
      description:
        'Refuse requests that did not arrive over TLS, here or at a trusted proxy. May be false only on a loopback host.',
    }),
    trustedProxies: Type.Array(CidrSetting(), {
      default: [],
      description:
        'Proxies whose X-Forwarded-For, X-Forwarded-Proto, X-Request-Id and traceparent are trusted.',
    }),
    clientCertificateHeader: Type.Optional(
      Type.Enum([...certificateHeaders], {
        description:
          'Header in which trusted proxies forward the client certificate that they verified, as RFC 9440 has it or as percent-encoded PEM. They must remove it from what callers send.',
      }),
    ),
    requestTimeoutMs: Milliseconds(
      30_000,
      'Time within which a whole request, body included, must have arrived; over HTTP/1.1 it is given up to 5 s later.',
    ),
    idleMs: Milliseconds(
      72_000,
      'How long a connection may be without a further request; should be longer than proxies in front of the gateway keep one.',
    ),
    maxConnections: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Most open connections; any further one is closed at once.',
    }),
    problemsUrl: Type.String({
      default: '/problems',
      description: 'Where docs/problems.md is published; the type of every problem points there.',
    }),
  },
  closed,
)
