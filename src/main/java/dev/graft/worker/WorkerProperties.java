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
 * @param directory where this worker keeps its credential, its copies of blobs and running jobs; by
 *     default {@code worker} in the data directory. In {@code role=all} runs have links to the
 *     server's blobs there: on another file system each run gets copies
 * @param cacheSize how much of the disk the copies of blobs may take; by default three quarters of
 *     its file system. Not for {@code role=all}, where there are no copies
 * @param keepFree how much of the disk copies leave free, for data, checkpoints and results; by
 *     default a twentieth of its file system, at most 10 GB
 * @param serverUrl the server to work for; not needed in {@code role=all}
 * @param certificateAuthorities PEM file of the authorities that may vouch for the server, and no
 *     others; by default those that Java knows
 * @param joinToken single-use token; only for the first start, the credential is kept
 * @param joinTokenFile file with such tokens, one a line, of which the first that nobody has used
 *     is taken: several workers may have the same file
 * @param name what the server calls this worker; by default the host's name
 * @param workerClass class of worker that this one is meant to be; it must be that of its join
 *     token. By default that of the token, and {@code default} in {@code role=all}
 * @param dedicated whether this worker takes only jobs that ask for its class
 * @param devices such as {@code cpu} or {@code cuda:0,cuda:1}; one job runs on each. By default
 *     every GPU that can be used, and {@code cpu} where there is none
 * @param deviceMemory what a job may take of each device; by default what is found, see {@link
 *     TrainerDevices.MachineMemory}
 * @param threads CPU threads of one trainer; by default as many as there are, and where there are
 *     several devices each gets its share of them
 * @param heap heap of a trainer's JVM (tensors live outside it), as {@code -Xmx} takes it
 * @param reportEvery progress is told this often, while there is some
 * @param claimWait how long one request for a job waits at the server, and so how long an idle
 *     worker may take to shut down; at most 20 s
 * @param callTimeout deadline of every other request; give it less than a third of the lease's TTL
 * @param drainGrace how long a run that is to stop may take, at least, for the step under way and
 *     its checkpoint; three times what the longest of them took in the run, where that is more
 * @param retryWait pause after a server that could not be reached
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
   * The server to work for.
   *
   * @throws MachineLacks without one
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
      // said below
    }
    throw new MachineLacks("not the URL of a server: " + serverUrl);
  }

  JobRun.RunTimes runTimes() {
    return new JobRun.RunTimes(reportEvery, drainGrace, retryWait);
  }

  /**
   * CPU threads of one trainer; null = as many as there are.
   *
   * @param cores of this machine
   * @param sharing how many trainers there are at a time
   */
  @Nullable Integer trainerThreads(int cores, int sharing) {
    if (threads != null || sharing < 2) return threads;
    return Math.max(1, cores / sharing);
  }

  /**
   * What the copies of blobs may take.
   *
   * @param disk bytes of their file system, free or not
   */
  BlobCache.Bounds copies(long disk) {
    return new BlobCache.Bounds(
        cacheSize != null ? cacheSize.toBytes() : disk / 4 * 3,
        keepFree != null ? keepFree.toBytes() : Math.min(disk / 20, MOST_KEPT_FREE));
  }
}
