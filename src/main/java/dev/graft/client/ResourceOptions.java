package dev.graft.client;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What a job asks of a worker; what is not given is not asked for. */
final class ResourceOptions {
  private static final double GB = 1e9;

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      description = "Only on a device of this kind; by default any, and cuda for a large base.")
  private @Nullable String device;

  @Option(
      names = "--memory",
      paramLabel = "GB",
      description = "Only on devices with this much memory, beside what is estimated.")
  private @Nullable Double memory;

  @Option(
      names = "--capability",
      paramLabel = "X.Y",
      description = "Only on GPUs of this CUDA compute capability or a higher one.")
  private @Nullable String capability;

  @Option(
      names = "--devices",
      paramLabel = "N",
      description = "On so many devices at once; default 1.")
  private @Nullable Integer devices;

  @Option(
      names = "--worker-class",
      paramLabel = "CLASS",
      description = "Only on workers that joined in this class.")
  private @Nullable String workerClass;

  @Option(
      names = "--max-run",
      paramLabel = "SECONDS",
      description = "It fails when its runs have taken so long together.")
  private @Nullable Long maxRun;

  @Option(
      names = "--no-progress",
      paramLabel = "SECONDS",
      description = "A run that makes no step for so long is ended, and tried again.")
  private @Nullable Long noProgress;

  /** The {@code resources} of a request; null = nothing is asked for. */
  @Nullable ObjectNode asked() {
    ObjectNode asked = JsonMapper.shared().createObjectNode();
    if (device != null) asked.put("device", device);
    if (memory != null) asked.put("memory", Math.round(memory * GB));
    if (capability != null) asked.put("capability", capability);
    if (devices != null) asked.put("devices", devices);
    if (workerClass != null) asked.put("worker_class", workerClass);
    if (maxRun != null) asked.put("max_run_seconds", maxRun);
    if (noProgress != null) asked.put("no_progress_seconds", noProgress);
    return asked.isEmpty() ? null : asked;
  }
}
