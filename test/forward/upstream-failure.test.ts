import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnreachableError, upstreamFailure } from '../../src/forward/upstream-failure.ts'

test('only an error of the attempt to connect says that nothing was sent, whatever its code', () => {
  // The system and TLS also report these for connections on which a request was sent.
  for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC']) {
    const error = Object.assign(new Error('lost'), { code })
    assert.equal(upstreamFailure(error)?.code, 'upstream-failed')
    const unreachable = upstreamFailure(new UnreachableError(error))
    assert.deepEqual([unreachable?.code, unreachable?.reason], ['upstream-unreachable', code])
  }
})
