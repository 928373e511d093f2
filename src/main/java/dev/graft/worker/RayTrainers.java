package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Trainers that are jobs of one Ray cluster. */
final class RayTrainers implements Trainers {
  private final RayProperties settings;
  private final RayJobs jobs;
  private final Path shared;
  private final @Nullable JsonNode runtimeEnvironment;

  private RayTrainers(
      RayProperties settings, RayJobs jobs, Path shared, @Nullable JsonNode runtimeEnvironment) {
    this.settings = settings;
    this.jobs = jobs;
    this.shared = shared;
    this.runtimeEnvironment = runtimeEnvironment;
  }

  /**
   * @param deadline of one call of the cluster's API
   * @throws MachineLacks if a setting is missing or cannot be used
   */
  public static RayTrainers of(RayProperties settings, Duration deadline) throws IOException {
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
          "a worker of class ray needs a directory that it and its cluster both see under one path:"
              + " set graft.worker.ray.shared-directory");
    }
    Files.createDirectories(shared.resolve("runs"));
    return new RayTrainers(
        settings,
        new RayJobs(address, settings.token(), deadline),
        shared.toAbsolutePath().normalize(),
        environment(settings.runtimeEnvironment()));
  }

  private static @Nullable JsonNode environment(@Nullable String said) {
    if (said == null || said.isBlank()) return null;
    try {
      JsonNode json = JsonMapper.shared().readTree(said);
      if (json.isObject()) return json;
    } catch (JacksonException notJson) {
      // said below
    }
    throw new MachineLacks("graft.worker.ray.runtime-environment must be a JSON object");
  }

  @Override
  public Trainer start(Lease lease, Path directory, Path errors) {
    return new RayTrainer(this, lease, errors);
  }

  RayProperties settings() {
    return settings;
  }

  RayJobs jobs() {
    return jobs;
  }

  Path shared() {
    return shared;
  }

  /** Asks the cluster for a run whose files are laid out. */
  void submit(SharedRun run, int devices) {
    StringBuilder entrypoint = new StringBuilder();
    entrypoint.append(quoted(settings.python())).append(" -m graft_ray.on_ray --run ");
    entrypoint.append(quoted(run.root().toString())).append(" --workers ").append(devices);
    entrypoint.append(" --patience ").append(settings.patience().toSeconds());
    if (settings.gpu()) entrypoint.append(" --gpu");
    if (settings.fsdp()) entrypoint.append(" --fsdp");
    jobs.submit(run.id(), entrypoint.toString(), runtimeEnvironment);
  }

  /** Ray gives the line to a shell. */
  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}
