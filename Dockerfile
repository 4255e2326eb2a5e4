# One image for the API, the worker, the migrations and the simulator; docker-compose.yml says which of them a container runs.
#
#   docker build --tag leadline:0.1.0 .
#
# The tag names one version of Python on one release of Debian. Who wants the very same bytes at every build pins the
# digest as well: --build-arg PYTHON_IMAGE=python:3.11.15-slim-trixie@sha256:…
ARG PYTHON_IMAGE=python:3.11.15-slim-trixie

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/leadline
COPY requirements/server.txt /tmp/server.txt
# Only files whose hashes are in the lock, nothing resolved and nothing built: no compiler, and no code of a package runs.
RUN /opt/leadline/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement /tmp/server.txt \
    && /opt/leadline/bin/pip check \
    && /opt/leadline/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
# Numbers rather than a name in USER, so that an orchestrator can see that this is not root. The folders belong to that
# user already in the image: a new named volume takes its owner from here.
RUN groupadd --gid 10001 leadline \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/leadline --shell /usr/sbin/nologin leadline \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/leadline \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/leadline/recordings
COPY --from=packages /opt/leadline /opt/leadline
WORKDIR /srv/leadline
# Named one by one: what is not listed here (and in .dockerignore) can't slip into the image.
COPY domain/ domain/
COPY storage/ storage/
COPY telephony/ telephony/
COPY activities/ activities/
COPY workflows/ workflows/
COPY runtime/ runtime/
COPY api/ api/
COPY simulator/ simulator/
COPY worker.py ./
ENV PATH=/opt/leadline/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LEADLINE_HOME=/var/lib/leadline
USER 10001:10001
EXPOSE 8000
# The exec form: the program itself gets SIGTERM and stops in good order. A shell in between would keep it.
CMD ["python", "-m", "api"]
