#!/usr/bin/env bash
# Creates the secrets of compose.yaml's containers: deploy/.secrets/NAME.env, one file for each group of services. Existing files
# are not changed: data that was sealed with a key, or created with a password, needs the same one again.
set -euo pipefail
umask 077
dir=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/.secrets}
mkdir -p "$dir"

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# The value of $2 in file $1, or nothing.
known() { sed -n "s/^$2=//p" "$dir/$1.env" 2>/dev/null || true; }
# Writes file $1 from standard input unless it is there.
keep() { if [ -e "$dir/$1.env" ]; then cat >/dev/null; else cat >"$dir/$1.env"; fi; }

keep postgres <<ENV
POSTGRES_PASSWORD=$(random)
REELMILL_OWNER_PASSWORD=$(random)
REELMILL_APP_PASSWORD=$(random)
ENV
keep rabbitmq <<<"RABBITMQ_DEFAULT_PASS=$(random)"
keep s3 <<ENV
S3_ACCESS_KEY_ID=reelmill
S3_SECRET_ACCESS_KEY=$(random)
ENV
# The owner of the schema, for `migrate` alone. In a directory that predates the two logins, the only login owns it.
owner=reelmill_owner:$(known postgres REELMILL_OWNER_PASSWORD)
[ "$owner" != reelmill_owner: ] || owner=reelmill:$(known postgres POSTGRES_PASSWORD)
keep owner <<<"DATABASE_OWNER_URL=postgres://$owner@postgres/reelmill"
keep services <<ENV
DATABASE_URL=postgres://reelmill_app:$(known postgres REELMILL_APP_PASSWORD)@postgres/reelmill
AMQP_URL=amqp://reelmill:$(known rabbitmq RABBITMQ_DEFAULT_PASS)@rabbitmq/%2f
S3_ACCESS_KEY_ID=$(known s3 S3_ACCESS_KEY_ID)
S3_SECRET_ACCESS_KEY=$(known s3 S3_SECRET_ACCESS_KEY)
ENV
keep personal <<<"PERSONAL_DATA_KEYS=k1:$(head -c 32 /dev/urandom | base64 -w0)"
keep grafana <<<"GF_SECURITY_ADMIN_PASSWORD=$(random)"
keep partners <<'ENV'
# PARTNER_… as in deploy/REFERENCE.md, such as
# PARTNER_TIANGONG_S3_ENDPOINT=https://s3.partner.example
ENV
echo "secrets are in $dir; Grafana's password for admin is in grafana.env"
