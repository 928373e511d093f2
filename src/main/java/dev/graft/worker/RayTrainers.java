package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.platform.MachineLacks;
import dev.graft.spec.Resources;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Starts trainers as jobs of one Ray cluster. */
record RayTrainers(
    RayProperties settings, RayJobs jobs, Path shared, @Nullable JsonNode runtimeEnvironment)
    implements Trainer.Trainers {
  /**
   * @param deadline of one call of the cluster's API
   * @throws MachineLacks if a setting is missing or cannot be used
   */
  static RayTrainers of(RayProperties settings, Duration deadline) throws IOException {
    URI address = settings.address();
    boolean http =
        address != null
            && address.getHost() != null
            && ("http".equals(address.getScheme()) || "https".equals(address.getScheme()));
    if (address == null || !http) {
      throw new MachineLacks(
          "a worker of class ray needs the address of its cluster: set graft.worker.ray.address,"
              + " such as http://head:8265");
    }
    Path shared = settings.sharedDirectory();
    if (shared == null) {
      throw new MachineLacks(
          "a worker of class ray needs a directory that it shares with its cluster under the same"
              + " path: set graft.worker.ray.shared-directory");
    }
    Files.createDirectories(shared.resolve("runs"));
    return new RayTrainers(
        settings,
        new RayJobs(address, settings.token(), deadline),
        shared.toAbsolutePath().normalize(),
        environment(settings.runtimeEnvironment()));
  }

  private static @Nullable JsonNode environment(@Nullable String text) {
    if (text == null || text.isBlank()) return null;
    try {
      JsonNode json = JsonMapper.shared().readTree(text);
      if (json.isObject()) return json;
    } catch (JacksonException notJson) {
      // refused below
    }
    throw new MachineLacks("graft.worker.ray.runtime-environment must be a JSON object");
  }

  @Override
  public Trainer start(Lease lease, Path directory, Path errors) {
    return new RayTrainer(this, lease, errors);
  }

  /** Submits a run whose files are in its directory. */
  void submit(SharedRun run, int devices) {
    StringBuilder entrypoint = new StringBuilder();
    entrypoint.append(quoted(settings.python())).append(" -m graft_ray.on_ray --run ");
    entrypoint.append(quoted(run.root().toString())).append(" --workers ").append(devices);
    entrypoint.append(" --patience ").append(settings.patience().toSeconds());
    if (settings.gpu()) entrypoint.append(" --gpu");
    if (settings.fsdp()) entrypoint.append(" --fsdp");
    jobs.submit(run.id(), entrypoint.toString(), runtimeEnvironment);
  }

  /** Quotes a word for the shell, to which Ray passes the line. */
  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /**
   * {@code graft.worker.ray.*}: for a worker of class {@code ray}, which has no device of its own.
   *
   * @param address URL of the Ray cluster's dashboard, such as {@code http://head:8265}; if it is
   *     set, this worker trains on that cluster
   * @param token token that the cluster requires ({@code RAY_AUTH_MODE=token}); by default none
   * @param sharedDirectory directory that this worker and the cluster share under the same path.
   *     Put {@code graft.worker.directory} on the same file system, so that models are linked, not
   *     copied
   * @param devices maximum number of devices that the cluster gives to one job
   * @param gpu whether these devices are GPUs; false = CPUs
   * @param fsdp whether the base model is divided among the devices of a job (FSDP), for models
   *     that are larger than a device; false = each device has the whole model (DDP)
   * @param python Python interpreter on the cluster that has the package {@code graft-ray}
   * @param runtimeEnvironment Ray's {@code runtime_env} of every job, a JSON object; by default
   *     none
   * @param patience how long a run continues without a worker that follows it, and how long a
   *     worker waits for a cluster that does not answer
   * @param poll how often the run's directory is checked
   */
  @ConfigurationProperties("graft.worker.ray")
  record RayProperties(
      @Nullable URI address,
      @Nullable String token,
      @Nullable Path sharedDirectory,
      @DefaultValue("8") int devices,
      @DefaultValue("true") boolean gpu,
      @DefaultValue("false") boolean fsdp,
      @DefaultValue("python") String python,
      @Nullable String runtimeEnvironment,
      @DefaultValue("15m") Duration patience,
      @DefaultValue("1s") Duration poll) {
    /** Class of workers that train on a cluster. */
    static final String WORKER_CLASS = Resources.SEVERAL_CLASS;

    RayProperties {
      if (devices < 1)
        throw new IllegalArgumentException("graft.worker.ray.devices must be positive");
      if (patience.isNegative() || patience.isZero()) {
        throw new IllegalArgumentException("graft.worker.ray.patience must be positive");
      }
      if (poll.isNegative() || poll.isZero()) {
        throw new IllegalArgumentException("graft.worker.ray.poll must be positive");
      }
    }

    /**
     * Returns the device with which this worker asks for jobs of its class only.
     *
     * @param memory bytes of each of the cluster's devices; null = not known
     * @param workerClass null = {@link #WORKER_CLASS}
     */
    Device device(@Nullable DataSize memory, @Nullable String workerClass) {
      return new Device(
          Device.RAY,
          memory == null ? null : memory.toBytes(),
          gpu ? "cuda" : "cpu",
          null,
          devices,
          workerClass == null ? WORKER_CLASS : workerClass,
          true,
          null);
    }

    /** Omits the token. */
    @Override
    public String toString() {
      return "RayProperties[address=%s, sharedDirectory=%s]".formatted(address, sharedDirectory);
    }
  }
}
