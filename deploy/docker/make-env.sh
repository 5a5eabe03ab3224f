#!/bin/sh
# Makes .env for docker-compose.yml: a password for each database, a key for each service.
set -eu
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
    echo ".env is there already. What is stored opens only with its keys, so it stays." >&2
    exit 1
fi
umask 077
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64; }
{
    echo "POSTGRES_PASSWORD=$(password)"
    for name in PEP MEETING NOTIFICATION QA IDENTITY PORTAL; do
        echo "${name}_DATABASE_PASSWORD=$(password)"
        echo "${name}_SECRET_KEY=$(key)"
    done
    echo "KEYRING_DATABASE_PASSWORD=$(password)"
    echo "KEYRING_MASTER_KEY=$(key)"
} > .env.new
mv .env.new .env
echo "Made .env: keep a copy where secrets are kept, away from backups of the databases."
