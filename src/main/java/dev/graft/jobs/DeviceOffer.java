package dev.graft.jobs;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What workers have to give: devices that differ in nothing but their memory, as the largest of
 * them.
 *
 * @param dedicated whether it takes only jobs that ask for its class
 * @param kind null = not known
 * @param capability as a number, 80 of 8.0; 0 = none, or not known
 * @param devices that it can give to one job
 * @param memory bytes of each; {@link Long#MAX_VALUE} = not known, then every job fits
 * @param there whether the worker has asked for work in the last minute, or has a job
 * @param worker name of the one with the most memory
 * @param askedAt when that last asked for work
 */
record DeviceOffer(
    String workerClass,
    boolean dedicated,
    @Nullable DeviceKind kind,
    int capability,
    int devices,
    long memory,
    boolean there,
    String worker,
    Instant askedAt) {
  private static final List<DeviceKind> KINDS = List.of(DeviceKind.values());

  /** Of what {@link WorkerDevices#OFFERS} gathers. */
  public static List<DeviceOffer> list(@Nullable String json) {
    List<DeviceOffer> offers = new ArrayList<>();
    if (json == null) return offers;
    for (JsonNode each : JsonMapper.shared().readTree(json)) {
      int kind = each.get("kind").intValue();
      offers.add(
          new DeviceOffer(
              each.get("class").stringValue(),
              each.get("dedicated").booleanValue(),
              kind == 0 ? null : KINDS.get(kind - 1),
              each.get("capability").intValue(),
              each.get("devices").intValue(),
              each.get("memory").longValue(),
              each.get("there").booleanValue(),
              each.get("worker").stringValue(),
              Instant.ofEpochSecond(each.get("asked_at").longValue())));
    }
    return offers;
  }

  /** Whether the worker would get the job when it asks. */
  public boolean meets(JobNeeds job) {
    return job.memoryBytes() <= memory && meetsButMemory(job);
  }

  /** The same, if it had enough memory. */
  public boolean meetsButMemory(JobNeeds job) {
    Resources asked = job.resources();
    String named = job.workerClass();
    String least = asked.capability();
    return (named == null ? !dedicated : named.equals(workerClass))
        && (asked.device() == null || asked.device() == kind)
        && (least == null || Resources.capabilityNumber(least) <= capability)
        && asked.count() <= devices;
  }
}
