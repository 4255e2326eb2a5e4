#!/bin/sh
# Creates Temporal's two databases and brings their schemas to what this version of the server needs.
# Safe to repeat: it runs before every start of the server, and so is also the upgrade. Runs in temporalio/admin-tools.
# SQL_PASSWORD is read from the environment, so that it stands in no list of processes.
set -eu

: "${SQL_HOST:?is not set; name the PostgreSQL server}"
: "${SQL_USER:?is not set; name a user who may create databases}"
: "${SQL_PASSWORD:?is not set; give the password of ${SQL_USER}}"
schemas=${TEMPORAL_SCHEMAS:-/etc/temporal/schema/postgresql/v12}

tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p "${SQL_PORT:-5432}" -u "$SQL_USER" --db "$database" "$@"
}

set_up() {
  tool "$1" create                # no error when it exists
  tool "$1" setup-schema -v 0.0   # the table of versions; changes nothing in a database that has a higher one
  tool "$1" update-schema -d "$schemas/$2/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
echo "Temporal's databases are up to date"
