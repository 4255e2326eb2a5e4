#!/bin/sh
# Makes the namespace with its retention and our search attributes, and ends when workflows can use all of it.
# Safe to repeat; a changed retention takes effect. Runs in temporalio/admin-tools.
# The temporal command reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE by itself.
set -eu

: "${TEMPORAL_ADDRESS:?is not set; give host:port of the Temporal server}"
: "${TEMPORAL_NAMESPACE:?is not set; name the namespace}"
: "${LEADLINE_TEMPORAL_RETENTION_DAYS:?is not set; say how many days finished workflows are kept}"
retention="${LEADLINE_TEMPORAL_RETENTION_DAYS}d"
tries=${TRIES:-60}
pause=${PAUSE_SECONDS:-2}

# Runs a command until it works. What it said at the last try is shown when it never does.
until_it_works() {
  left=$tries
  until said=$("$@" 2>&1); do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      printf '%s\ngiven up: %s\n' "$said" "$*" >&2
      return 1
    fi
    sleep "$pause"
  done
}

make_namespace() {
  if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
  else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
  fi
}

# One at a time: of several --name in one call, command-line version 1.9.1 adds only the first, and reports success.
add_search_attribute() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --type Keyword --name "$1"
}

# The server's caches follow a new namespace and new attributes within seconds; until then a start would be refused.
search_by_attributes() {
  temporal workflow count --namespace "$TEMPORAL_NAMESPACE" \
    --query "LeadlineCampaign = 'none' AND LeadlineOrganization = 'none'"
}

until_it_works temporal operator cluster health
until_it_works make_namespace
until_it_works add_search_attribute LeadlineCampaign
until_it_works add_search_attribute LeadlineOrganization
until_it_works search_by_attributes
echo "Namespace $TEMPORAL_NAMESPACE is ready; finished workflows are kept for $LEADLINE_TEMPORAL_RETENTION_DAYS days"
