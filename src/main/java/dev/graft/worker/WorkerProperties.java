package dev.graft.worker;

import dev.graft.artifacts.BlobCache;
import dev.graft.platform.MachineLacks;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.util.unit.DataSize;

/**
 * {@code graft.worker.*}.
 *
 * @param directory directory for this worker's credential, copies of blobs and running jobs; by
 *     default {@code worker} in the data directory. In {@code role=all} runs have links to the
 *     server's blobs there; on another file system each run gets copies
 * @param cacheSize how much disk space the copies of blobs may take; by default three quarters of
 *     the file system. Not used in {@code role=all}, which makes no copies
 * @param keepFree how much disk space copies leave free for data, checkpoints and results; by
 *     default a twentieth of the file system, at most 10 GB
 * @param serverUrl URL of the worker's server; not needed in {@code role=all}
 * @param certificateAuthorities PEM file of the only certificate authorities that are trusted for
 *     the server; by default those of Java
 * @param joinToken single-use token, needed only for the first start; the credential is kept
 * @param joinTokenFile file with such tokens, one per line, of which the first unused one is taken,
 *     so that several workers may share the file
 * @param name name of this worker on the server; by default the host's name
 * @param workerClass class of this worker; it must be that of its join token. By default that of
 *     the token, and {@code default} in {@code role=all}
 * @param dedicated whether this worker takes only jobs that ask for its class
 * @param devices devices such as {@code cpu} or {@code cuda:0,cuda:1}; one job runs on each. By
 *     default all usable GPUs, or {@code cpu} if there are none
 * @param deviceMemory how much memory of each device a job may take; by default it is measured, see
 *     {@link TrainerDevices.MachineMemory}
 * @param threads CPU threads of one trainer; by default all, divided among the devices
 * @param heap heap of a trainer's JVM, in the form of {@code -Xmx}; tensors are outside of it
 * @param reportEvery how often progress is reported
 * @param claimWait how long a request for a job waits at the server, and therefore how long an idle
 *     worker may take to shut down; at most 20 s
 * @param callTimeout deadline of every other request; should be less than a third of the lease's
 *     TTL
 * @param drainGrace how long a run that must stop may take, at least, for the current step and its
 *     checkpoint; three times the longest of them in the run, if that is longer
 * @param retryWait pause after a call that the server did not answer
 */
@ConfigurationProperties("graft.worker")
record WorkerProperties(
    Path directory,
    @Nullable String serverUrl,
    @Nullable Path certificateAuthorities,
    @Nullable String joinToken,
    @Nullable Path joinTokenFile,
    @Nullable String name,
    @Name("class") @Nullable String workerClass,
    @DefaultValue("false") boolean dedicated,
    @Nullable DataSize cacheSize,
    @Nullable DataSize keepFree,
    @DefaultValue List<String> devices,
    @Nullable DataSize deviceMemory,
    @Nullable Integer threads,
    @DefaultValue("512m") String heap,
    @DefaultValue("2s") Duration reportEvery,
    @DefaultValue("5s") Duration claimWait,
    @DefaultValue("10s") Duration callTimeout,
    @DefaultValue("10m") Duration drainGrace,
    @DefaultValue("2s") Duration retryWait) {
  private static final long MOST_KEPT_FREE = DataSize.ofGigabytes(10).toBytes();

  WorkerProperties {
    if (deviceMemory != null && deviceMemory.toBytes() < 1) {
      throw new IllegalArgumentException("graft.worker.device-memory must be positive");
    }
    if (cacheSize != null && cacheSize.toBytes() < 1) {
      throw new IllegalArgumentException("graft.worker.cache-size must be positive");
    }
    if (keepFree != null && keepFree.isNegative()) {
      throw new IllegalArgumentException("graft.worker.keep-free must not be negative");
    }
    if (drainGrace.isNegative()) {
      throw new IllegalArgumentException("graft.worker.drain-grace must not be negative");
    }
  }

  /**
   * Returns the URL of the server.
   *
   * @throws MachineLacks if it is missing or invalid
   */
  URI server() {
    if (serverUrl == null || serverUrl.isBlank()) {
      throw new MachineLacks("a worker needs the URL of its server: start with --server");
    }
    try {
      URI uri = URI.create(serverUrl.replaceFirst("/$", ""));
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException notAUri) {
      // refused below
    }
    throw new MachineLacks("graft.worker.server-url is not a valid URL: " + serverUrl);
  }

  JobRun.RunTimes runTimes() {
    return new JobRun.RunTimes(reportEvery, drainGrace, retryWait);
  }

  /**
   * Returns the CPU threads of one trainer; null = all.
   *
   * @param cores of this machine
   * @param sharing number of concurrent trainers
   */
  @Nullable Integer trainerThreads(int cores, int sharing) {
    if (threads != null || sharing < 2) return threads;
    return Math.max(1, cores / sharing);
  }

  /**
   * Returns the limits for copies of blobs.
   *
   * @param disk size of their file system in bytes
   */
  BlobCache.Bounds copies(long disk) {
    return new BlobCache.Bounds(
        cacheSize != null ? cacheSize.toBytes() : disk / 4 * 3,
        keepFree != null ? keepFree.toBytes() : Math.min(disk / 20, MOST_KEPT_FREE));
  }
}
