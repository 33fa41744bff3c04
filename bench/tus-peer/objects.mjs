// Every large object of the bucket, read back completely: one JSON line each with key, bytes and SHA-256. The same check for both sides.
import { createHash } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { access } from './s3.mjs'

const client = new S3Client(access)
const Bucket = process.env.S3_BUCKET
let ContinuationToken
do {
  const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))
  for (const { Key, Size } of page.Contents ?? []) {
    // The peer keeps a metadata file of a few hundred bytes for each upload.
    if (Size < 65536) continue
    const hash = createHash('sha256')
    for await (const piece of (await client.send(new GetObjectCommand({ Bucket, Key }))).Body) hash.update(piece)
    console.log(JSON.stringify({ key: Key, bytes: Size, sha256: hash.digest('hex') }))
  }
  ContinuationToken = page.NextContinuationToken
} while (ContinuationToken)
