package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.WorkerDevices.DeviceOffer;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NoWorkerFitsTests {
  private static final long GB = 1_000_000_000L;
  private static final DeviceOffer CPU = offer("default", DeviceKind.CPU, 0, 1, 64 * GB);
  private static final DeviceOffer GPU = offer("default", DeviceKind.CUDA, 75, 1, 16 * GB);

  private static DeviceOffer offer(
      String workerClass, DeviceKind kind, int capability, int devices, long memory) {
    Instant asked = Instant.parse("2026-03-01T08:30:00Z");
    return new DeviceOffer(
        workerClass, false, kind, capability, devices, memory, true, "w-" + kind.wire(), asked);
  }

  private static DeviceOffer away(DeviceOffer offer) {
    return new DeviceOffer(
        offer.workerClass(),
        offer.dedicated(),
        offer.kind(),
        offer.capability(),
        offer.devices(),
        offer.memory(),
        false,
        offer.worker(),
        offer.askedAt());
  }

  private static NoWorkerFits of(Resources asked, long memory, DeviceOffer... offers) {
    return NoWorkerFits.of("It", new JobNeeds(asked, memory), List.of(offers)).orElseThrow();
  }

  @Test
  void oneThatFitsOrNobodyIsNoReason() {
    JobNeeds job = new JobNeeds(Resources.ANY, 20 * GB);
    assertThat(NoWorkerFits.of("It", job, List.of(GPU, CPU))).isEqualTo(Optional.empty());
    assertThat(NoWorkerFits.of("It", job, List.of())).isEqualTo(Optional.empty());
    assertThat(NoWorkerFits.of("It", job, List.of(away(GPU)))).isEqualTo(Optional.empty());
  }

  @Test
  void whatOnlyMemoryKeepsFromStartingSaysBothNumbers() {
    NoWorkerFits told = of(Resources.ANY, 100 * GB, CPU, GPU);
    assertThat(told.reason())
        .isEqualTo("It needs 100.0 GB of memory; the largest available worker has 64.0 GB.");
    assertThat(told.remedy()).startsWith("Reduce its memory (");
    assertThat(of(Resources.ANY.on(DeviceKind.CUDA), 24 * GB, CPU, GPU).reason())
        .isEqualTo(
            "It needs 24.0 GB of memory; the largest available worker with a cuda device has"
                + " 16.0 GB.");
  }

  @Test
  void aDeviceThatNobodyHasIsToldBesideWhatThereIs() {
    Resources asked = new Resources(DeviceKind.CUDA, null, "8.0", 4, null, null, null);
    NoWorkerFits told = of(asked, 24 * GB, CPU, GPU);
    assertThat(told.reason())
        .isEqualTo(
            "It asks for 4 cuda devices of capability 8.0 or higher, with 24.0 GB of memory each,"
                + " and a worker of class ray; the available workers have cpu with 64.0 GB"
                + " (class default); cuda 7.5 with 16.0 GB (class default).");
    assertThat(told.remedy())
        .isEqualTo(
            "It needs 4 cuda devices of capability 8.0 or higher, with 24.0 GB of memory each, and"
                + " a worker of class ray. Add such a worker, or submit the job again and ask for less.");
  }

  @Test
  void aWorkerThatCouldAndIsNotThereIsNamed() {
    NoWorkerFits told = of(Resources.ANY.on(DeviceKind.CUDA), 8 * GB, CPU, away(GPU));
    assertThat(told.remedy())
        .startsWith(
            "Worker w-cuda could run it and last asked for work at 2026-03-01 08:30 UTC: start that"
                + " worker again.")
        .endsWith("\"resources\": {\"device\": \"cpu\"} if it may take longer.");
  }

  @Test
  void workersThatAreSetApartAreTold() {
    DeviceOffer apart =
        new DeviceOffer("a100", true, null, 0, 1, Long.MAX_VALUE, true, "a", Instant.EPOCH);
    assertThat(of(Resources.ANY, 0, apart).reason())
        .isEqualTo(
            "It asks for a device, and a worker of any class; the available workers have a"
                + " device of unknown kind (only jobs that ask for class a100).");
  }

  @Test
  void ofManyDevicesTheLargestAreTold() {
    DeviceOffer[] many =
        IntStream.range(0, 9)
            .mapToObj(i -> offer("c" + i, DeviceKind.CPU, 0, 1, (i + 1) * GB))
            .toArray(DeviceOffer[]::new);
    assertThat(of(Resources.ANY.on(DeviceKind.CUDA), 0, many).reason())
        .contains("have cpu with 9.0 GB (class c8); cpu with 8.0 GB")
        .endsWith("(class c4); and 4 more.");
  }
}
