package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.spec.Resources;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code graft.worker.ray.*}: for a worker of class {@code ray}, which has no device of its own.
 *
 * @param address URL of the Ray cluster's dashboard, such as {@code http://head:8265}; with it this
 *     worker trains on that cluster
 * @param token token that the cluster asks for ({@code RAY_AUTH_MODE=token}); by default none
 * @param sharedDirectory directory that this worker and the cluster both see under this path. Put
 *     {@code graft.worker.directory} on the same file system, then models are linked, not copied
 * @param devices how many devices the cluster gives to one job at most
 * @param gpu whether they are GPUs; false = CPUs
 * @param fsdp whether the base model is divided among the devices of a job (FSDP), for one that is
 *     larger than a device; false = each has it whole (DDP)
 * @param python interpreter on the cluster that has the package {@code graft-ray}
 * @param runtimeEnvironment Ray's {@code runtime_env} of every job, a JSON object; by default none
 * @param patience how long a run goes on without a worker that follows it, and a worker waits for a
 *     cluster that does not answer
 * @param poll how often the run's directory is looked at
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
  public static final String WORKER_CLASS = Resources.SEVERAL_CLASS;

  public RayProperties {
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
   * What this worker asks for jobs with: those of its class alone.
   *
   * @param memory of each of the cluster's devices; null = not known
   * @param workerClass null = {@link #WORKER_CLASS}
   */
  public Device device(@Nullable DataSize memory, @Nullable String workerClass) {
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

  /** Without the token. */
  @Override
  public String toString() {
    return "RayProperties[address=%s, sharedDirectory=%s]".formatted(address, sharedDirectory);
  }
}
