// Uploads one file with tus-js-client. The first argument is JSON with its options; each event is printed on stdout as
// a line of JSON. It uses nothing but the tus protocol: what works here works in an entrant's browser.
import { createReadStream, existsSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { PassThrough } from 'node:stream'
import { DefaultHttpStack, FileUrlStorage, Upload } from 'tus-js-client'

const asked = JSON.parse(process.argv[2])
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
// Several tests may upload the same name, so the address to resume is kept in the caller's own file.
if (asked.urlStorage && !existsSync(asked.urlStorage)) writeFileSync(asked.urlStorage, '{}')

let requests = 0
// A deferred length is for a stream whose end is unknown, such as a recording: it has no path from which the size could
// be read.
const source = createReadStream(asked.file)
const upload = new Upload(asked.deferLength ? source.pipe(new PassThrough()) : source, {
  endpoint: asked.endpoint,
  uploadUrl: asked.uploadUrl,
  headers: asked.headers ?? {},
  metadata: asked.metadata ?? {},
  // Deferred: the client learns the length only when the file ends, and sends it with the last piece.
  uploadLengthDeferred: asked.deferLength ?? false,
  chunkSize: asked.chunkSize ?? Number.POSITIVE_INFINITY,
  parallelUploads: asked.parallelUploads ?? 1,
  uploadDataDuringCreation: asked.dataDuringCreation ?? false,
  retryDelays: asked.retryDelays ?? [0, 100, 200, 400, 800],
  // A missing key, unlike an undefined one, keeps the library's default.
  ...(asked.urlStorage ? { urlStorage: new FileUrlStorage(asked.urlStorage) } : {}),
  storeFingerprintForResuming: Boolean(asked.urlStorage),
  // A new connection for each request, so that a proxy can send each to another replica.
  httpStack: new DefaultHttpStack({ agent: new Agent({ keepAlive: false }) }),
  onBeforeRequest: (request) => {
    requests += 1
    say({ request: request.getMethod() })
  },
  onAfterResponse: (request, response) => say({ method: request.getMethod(), status: response.getStatus() }),
  onUploadUrlAvailable: () => say({ url: upload.url }),
  onProgress: (sent) => {
    // Killed at an instant chosen by the test: no handler runs, nothing is flushed, sockets are cut.
    if (asked.dieAfterBytes && sent >= asked.dieAfterBytes) process.kill(process.pid, 'SIGKILL')
  },
  onShouldRetry: (error) => {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0
    const after = error.originalResponse ? error.originalResponse.getHeader('Retry-After') : null
    say({ retry: status, retryAfter: after ?? null })
    // The library's own rule: client errors are not retried, except that a lock or an offset may change.
    return status < 400 || status >= 500 || status === 409 || status === 423
  },
  onError: (error) => {
    say({ failed: String(error), status: error.originalResponse?.getStatus() ?? 0, requests })
    process.exitCode = 1
  },
  onSuccess: () => say({ done: upload.url, requests })
})

const previous = asked.urlStorage ? await upload.findPreviousUploads() : []
if (previous.length > 0) {
  upload.resumeFromPreviousUpload(previous[0])
  say({ resuming: previous[0].uploadUrl ?? previous[0].parallelUploadUrls })
}
upload.start()
