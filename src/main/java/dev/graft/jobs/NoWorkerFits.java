package dev.graft.jobs;

import static java.util.Comparator.comparingLong;

import dev.graft.jobs.WorkerDevices.DeviceOffer;
import dev.graft.platform.Bytes;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Explains why no available worker can run a job.
 *
 * @param reason the needs of the job, and the devices of the available workers
 * @param remedy what the user can do
 */
record NoWorkerFits(String reason, String remedy) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** Devices that a message names: the largest. */
  private static final int NAMED = 5;

  private static final String LESS_MEMORY =
      "Reduce its memory (\"gradient_checkpointing\": \"auto\", a smaller max_length, quantization), or"
          + " ask for a larger worker.";

  /**
   * @param subject subject of the sentence
   * @param offers including workers that are not available
   * @return empty if an available worker can run the job, or none is available
   */
  static Optional<NoWorkerFits> of(String subject, JobNeeds job, List<DeviceOffer> offers) {
    List<DeviceOffer> there = offers.stream().filter(DeviceOffer::there).toList();
    if (there.isEmpty() || there.stream().anyMatch(offer -> offer.meets(job))) {
      return Optional.empty();
    }
    OptionalLong largest = largest(job, offers);
    String reason =
        largest.isPresent()
            ? tooLarge(subject, job, largest.getAsLong())
            : "%s asks for %s; the available workers have %s."
                .formatted(subject, asked(job), devices(there));
    return Optional.of(new NoWorkerFits(reason, remedy(job, offers, largest.isPresent())));
  }

  /**
   * Returns the bytes of the largest available device that meets the needs of a job except for
   * memory; {@link Long#MAX_VALUE} = not known.
   */
  static OptionalLong largest(JobNeeds job, List<DeviceOffer> offers) {
    return offers.stream()
        .filter(offer -> offer.there() && offer.meetsButMemory(job))
        .mapToLong(DeviceOffer::memory)
        .max();
  }

  private static String tooLarge(String subject, JobNeeds job, long largest) {
    String named = job.workerClass();
    boolean any = job.resources().device() == null && named == null;
    return "%s needs %s of memory; the largest available worker%s has %s."
        .formatted(
            subject,
            Bytes.gigabytes(job.memoryBytes()),
            any
                ? ""
                : " with " + kind(job.resources()) + (named == null ? "" : " of class " + named),
            Bytes.gigabytes(largest));
  }

  private static String remedy(JobNeeds job, List<DeviceOffer> offers, boolean onlyMemory) {
    List<String> ways = new ArrayList<>();
    offers.stream()
        .filter(offer -> !offer.there() && offer.meets(job))
        .max(Comparator.comparing(DeviceOffer::askedAt))
        .ifPresent(
            offer ->
                ways.add(
                    "Worker %s could run it and last asked for work at %s: start that worker again."
                        .formatted(offer.worker(), TIME.format(offer.askedAt()))));
    ways.add(
        onlyMemory
            ? LESS_MEMORY
            : "It needs %s. Add such a worker, or submit the job again and ask for less."
                .formatted(asked(job)));
    if (aProcessorWouldDo(job, offers)) {
      ways.add(
          "A worker with a CPU has enough memory: submit the job with \"resources\": {\"device\": \"cpu\"}"
              + " if it may take longer.");
    }
    return String.join(" ", ways);
  }

  private static boolean aProcessorWouldDo(JobNeeds job, List<DeviceOffer> offers) {
    Resources asked = job.resources();
    if (asked.device() != DeviceKind.CUDA || asked.capability() != null) return false;
    JobNeeds instead = new JobNeeds(asked.on(DeviceKind.CPU), job.memoryBytes());
    return offers.stream().anyMatch(offer -> offer.there() && offer.meets(instead));
  }

  private static String asked(JobNeeds job) {
    String memory =
        job.memoryBytes() == 0
            ? ""
            : ", with %s of memory%s"
                .formatted(
                    Bytes.gigabytes(job.memoryBytes()), job.resources().count() > 1 ? " each" : "");
    String named = job.workerClass();
    return kind(job.resources())
        + memory
        + ", and a worker of "
        + (named == null ? "any class" : "class " + named);
  }

  private static String kind(Resources asked) {
    String kind = asked.device() == null ? "device" : asked.device().wire() + " device";
    String devices = asked.count() == 1 ? "a " + kind : asked.count() + " " + kind + "s";
    String least = asked.capability();
    return least == null ? devices : devices + " of capability %s or higher".formatted(least);
  }

  private static String devices(List<DeviceOffer> there) {
    String named =
        there.stream()
            .sorted(comparingLong(DeviceOffer::memory).reversed())
            .limit(NAMED)
            .map(NoWorkerFits::device)
            .collect(Collectors.joining("; "));
    return there.size() > NAMED ? named + "; and %d more".formatted(there.size() - NAMED) : named;
  }

  private static String device(DeviceOffer offer) {
    int capability = offer.capability();
    return (offer.devices() == 1 ? "" : offer.devices() + " times ")
        + (offer.kind() == null ? "a device of unknown kind" : offer.kind().wire())
        + (capability == 0 ? "" : " %d.%d".formatted(capability / 10, capability % 10))
        + (offer.memory() == Long.MAX_VALUE ? "" : " with " + Bytes.gigabytes(offer.memory()))
        + (offer.dedicated() ? " (only jobs that ask for class " : " (class ")
        + offer.workerClass()
        + ")";
  }
}
