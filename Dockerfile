# Graft in a container. Any builder takes it: no syntax line, nothing is fetched for one.
#
#   docker build -t graft .                                     a server, a worker on CPUs, or both
#   docker build -t graft-worker-gpu --target worker-gpu .      a worker on NVIDIA GPUs: docs/gpu.md
#
# Pin what it is made of by digest: --build-arg RUNTIME_IMAGE=eclipse-temurin:25-jre@sha256:..., and BUILD_IMAGE.
ARG BUILD_IMAGE=maven:3.9-eclipse-temurin-25
ARG RUNTIME_IMAGE=eclipse-temurin:25-jre

FROM ${BUILD_IMAGE} AS build
# Further options of Maven; not --offline, which the bill of materials refuses.
ARG MAVEN_ARGS
WORKDIR /source
COPY pom.xml .
RUN mvn -q -B dependency:go-offline || true
COPY docs/openapi.yaml docs/
COPY src src
# With the bill of materials of the jars, in CycloneDX.
RUN mvn -q -B -Dmaven.test.skip=true package org.cyclonedx:cyclonedx-maven-plugin:makeAggregateBom@default \
    && java -Djarmode=tools -jar target/graft.jar extract --destination /opt/graft \
    && cp target/classes/META-INF/sbom/application.cdx.json /opt/graft/sbom.cdx.json

# A BUILD_IMAGE for builds without network: what Maven fetched, and nothing of this source.
FROM build AS build-offline
RUN rm -rf /source /opt/graft

FROM ${RUNTIME_IMAGE} AS graft
# setpriv (util-linux) ends a trainer with its worker; initdb needs a user that has a name.
RUN { command -v setpriv && command -v setsid; } > /dev/null \
    || { apt-get update && apt-get install -y --no-install-recommends util-linux && rm -rf /var/lib/apt/lists/*; }
RUN useradd --uid 65532 --user-group --no-create-home --home-dir /data graft \
    && install -d -o graft -g graft -m 700 /data
# The root file system may be read-only: /data and /tmp are all that is written.
ENV DJL_OFFLINE=true OPT_OUT_TRACKING=true DJL_CACHE_DIR=/tmp/djl
COPY bin/make-aot-cache /usr/local/bin/
COPY --from=build /opt/graft /opt/graft
# What lets commands and servers start faster (190 MB); AOT_CACHES= leaves it out. Without one they start, too.
ARG AOT_CACHES="client server trainer"
RUN chown graft /opt/graft \
    && for cache in $AOT_CACHES; do \
         HOME=/tmp setpriv --reuid 65532 --regid 65532 --clear-groups make-aot-cache java /opt/graft "$cache" || true; \
       done \
    && rm -f /opt/graft/postgres.tar && find /opt/graft -user graft -exec chown root:root {} + && rm -rf /tmp/djl /data/.cache
COPY docker/graft docker/graft-healthy /usr/local/bin/
ENV GRAFT_DATA_DIR=/data
# Role "all" listens on loopback, which is the container's own: what is published decides who gets in.
ENV SERVER_ADDRESS=0.0.0.0
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["graft"]

FROM graft AS worker-cpu
CMD ["serve", "--role", "worker", "--data-dir", "/data"]

# With the CUDA build of libtorch beside the CPU build: 4.6 GB. PIP_INDEX_URL names the package index: PyPI's, or a mirror.
FROM graft AS worker-gpu
ARG PIP_INDEX_URL
USER root
RUN graft libtorch fetch --out /opt/libtorch-cuda && chmod -R o+rX /opt/libtorch-cuda
ENV GRAFT_LIBTORCH_CUDA_DIRECTORY=/opt/libtorch-cuda NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 65532:65532
CMD ["serve", "--role", "worker", "--data-dir", "/data"]

# As in earlier releases.
FROM worker-gpu AS cuda
CMD ["serve", "--role", "all", "--data-dir", "/data"]

# The last one is what is built where no target is named.
FROM graft AS server
HEALTHCHECK --interval=10s --timeout=10s --start-period=300s --retries=6 CMD ["graft-healthy"]
CMD ["serve", "--role", "all", "--data-dir", "/data"]
