/**
 * Test files that have a process of their own though their folders share one: they measure it, as by its heap, its
 * timers, its descriptors or its time on the CPU.
 */
export const filesAlone: ReadonlySet<string> = new Set([
  'test/authorize/route-grant.test.ts',
  'test/config/many-files.test.ts',
  'test/conformance/cache-tests.test.ts',
  'test/endpoints/evaluate-mapping.test.ts',
  'test/forward/response-cache/long-keys.test.ts',
  'test/record/redaction/redaction.test.ts',
  'test/record/trail/file-end.test.ts',
  'test/record/trail/segment-index.test.ts',
  'test/reload/forgotten-secrets.test.ts',
  'test/reload/under-load.test.ts',
  'test/server/arriving-bodies.test.ts',
  'test/server/body-memory.test.ts',
  'test/server/drain.test.ts',
  'test/server/end-of-streams.test.ts',
])
