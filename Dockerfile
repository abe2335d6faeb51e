# Exporter, relay and the one-shot init of docker-compose.yml.
ARG NODE_IMAGE=node:26-slim
FROM ${NODE_IMAGE}
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Where npm gets its packages: npm's own variable, empty for its own registry.
ARG npm_config_registry
# The image has its own Node: the one from the npm packages is left out.
RUN npm ci --omit=dev --omit=optional && npm cache clean --force
COPY config config
COPY service service
COPY exporter exporter
COPY alertmanager alertmanager
COPY scripts scripts
COPY docs/runbooks docs/runbooks
# A checkout made with a strict umask is readable for nobody else otherwise.
RUN chmod -R a+rX /app
# Named volumes take over the owner of the folder they are mounted on: nobody, as in the images of Prometheus.
RUN mkdir prometheus grafana /data /rendered /secrets && chown 65534:0 /data /rendered /secrets && chmod 0750 /data /rendered /secrets
# Grafana is of the group only, should a restore be the first to use its volume.
RUN mkdir -m 0770 /backups /stack && mkdir -m 0770 /stack/exporter /stack/relay /stack/prometheus /stack/alertmanager /stack/grafana && \
    chown -R 65534:0 /backups /stack
RUN mkdir node_modules/.cache && chown 65534:0 node_modules/.cache
USER 65534:0
# Compiled now, and by the user who will use it: a container cannot write (service/compile-cache.mjs).
RUN for entry in exporter/exporter.ts exporter/events/worker.ts alertmanager/relay/relay.ts; \
    do node --import ./service/compile-cache.mjs --eval "import('./$entry')"; done
ENV NODE_ENV=production
