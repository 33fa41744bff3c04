// The peer: @tus/server with @tus/s3-store, set up as in the store's documentation. The first line of output is its address.
import { tmpdir } from 'node:os'
import { Server } from '@tus/server'
import { S3Store } from '@tus/s3-store'
import { access } from './s3.mjs'

const datastore = new S3Store({
  partSize: 8 * 1024 * 1024,
  // Garage has no tags; the store uses them only to expire what was not finished.
  useTags: false,
  s3ClientConfig: { bucket: process.env.S3_BUCKET, ...access }
})
const server = new Server({ path: '/files', datastore })
const listening = server.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0) }, () => {
  console.log(`http://127.0.0.1:${listening.address().port}/files (parts in ${tmpdir()})`)
})
