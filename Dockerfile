# Graft in a container: docker build -t graft . For NVIDIA GPUs: docker build -t graft-cuda --target cuda .
FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /source
COPY pom.xml .
RUN mvn -q -B dependency:go-offline || true
COPY docs/openapi.yaml docs/
COPY src src
RUN mvn -q -B -Dmaven.test.skip=true package

FROM eclipse-temurin:25-jre AS graft
# setpriv (util-linux) ends a trainer with its worker; initdb needs a user that has a name.
RUN apt-get update \
    && apt-get install -y --no-install-recommends util-linux \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --user-group --no-create-home --home-dir /data graft \
    && install -d -o graft -g graft -m 700 /data
COPY --from=build /source/target/graft.jar /opt/graft/graft.jar
COPY --chmod=755 <<'SCRIPT' /usr/local/bin/graft
#!/bin/sh
case ${1:-} in train | bench)
  export MALLOC_TOP_PAD_=${MALLOC_TOP_PAD_:-268435456} MALLOC_TRIM_THRESHOLD_=${MALLOC_TRIM_THRESHOLD_:-17179869184} \
    MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-4294967296} ;;
esac
exec java -XX:+UseSerialGC -XX:-UsePerfData --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow ${GRAFT_JAVA_OPTIONS:-} -jar /opt/graft/graft.jar "$@"
SCRIPT
# The root file system may be read-only: /data and /tmp are all that is written.
ENV DJL_OFFLINE=true OPT_OUT_TRACKING=true DJL_CACHE_DIR=/tmp/djl
# Role "all" listens on loopback, which is the container's own: what is published decides who gets in.
ENV SERVER_ADDRESS=0.0.0.0
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["graft"]
CMD ["serve", "--role", "all", "--data-dir", "/data"]

# With the CUDA build of libtorch beside the CPU build: 4.6 GB. PIP_INDEX_URL names the package index: PyPI's, or a mirror.
FROM graft AS cuda
ARG PIP_INDEX_URL
USER root
RUN graft libtorch fetch --out /opt/libtorch-cuda
ENV GRAFT_LIBTORCH_CUDA_DIRECTORY=/opt/libtorch-cuda NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 65532:65532

# The last one is what is built where no target is named.
FROM graft
