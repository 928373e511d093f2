package dev.graft.jobs;

import static java.util.Comparator.comparing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.TestPostgres;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the claim chooses among random jobs for random devices is what a plain reading of the rules
 * chooses: the department that used least of those with a job that fits, and of its jobs that fit
 * the first in the queue.
 */
@OwnServer
class ClaimModelIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final List<String> CLASSES = List.of("default", "gpu", "ray");
  private static final List<String> CAPABILITIES = List.of("7.5", "8.0", "9.0", "12.0");
  private static final int DEPARTMENTS = 4;
  private static final int JOBS = 60;
  private static final int CLAIMS = 90;

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private final List<Waiting> waiting = new ArrayList<>();

  /** A job as the test knows it. */
  private record Waiting(String id, int department, int priority, JobNeeds needs, int number) {}

  @BeforeEach
  void empty() {
    queue.clear();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void theClaimChoosesWhatTheRulesChoose(long seed) {
    Random random = new Random(seed);
    List<String> departments = departments();
    submit(departments, random);
    List<String> workers = CLASSES.stream().map(queue::worker).toList();
    int found = 0;
    for (int i = 0; i < CLAIMS; i++) {
      int which = random.nextInt(CLASSES.size());
      Device device = device(random);
      Optional<Waiting> expected = expected(CLASSES.get(which), device);
      Optional<LeaseKey> claimed =
          queue.claims.claimNow(workers.get(which), device, null).map(Lease::key);
      assertThat(claimed.map(LeaseKey::jobId))
          .as("claim %d of %s for %s", i, CLASSES.get(which), device)
          .isEqualTo(expected.map(Waiting::id));
      if (claimed.isEmpty()) continue;
      found++;
      waiting.remove(expected.orElseThrow());
      queue.leases.complete(claimed.get(), "ft", Queue.SOME, List.of());
      // Use would move the departments; their order is what this test gave them.
      order(departments);
    }
    assertThat(found).isBetween(JOBS / 4, CLAIMS - 10);
    assertThat(queue.drifted()).isZero();
  }

  private List<String> departments() {
    List<String> departments = new ArrayList<>();
    for (int i = 0; i < DEPARTMENTS; i++) departments.add(queue.department(1));
    order(departments);
    return departments;
  }

  private void order(List<String> departments) {
    for (int i = 0; i < departments.size(); i++) {
      queue
          .sql
          .sql("update department set used = :used, used_at = graft_now() where id = :id")
          .param("used", 1_000_000 * (i + 1))
          .param("id", departments.get(i))
          .update();
    }
  }

  private void submit(List<String> departments, Random random) {
    for (int i = 0; i < JOBS; i++) {
      int department = random.nextInt(departments.size());
      JobNeeds.JobMemory memory = new JobNeeds.JobMemory(1_000L * random.nextInt(4), 0);
      Resources resources = resources(random);
      int priority = random.nextInt(3);
      String id = queue.submit(departments.get(department), priority, memory, resources);
      waiting.add(
          new Waiting(id, department, priority, new JobNeeds(resources, memory.bytes()), i));
    }
  }

  private static Resources resources(Random random) {
    DeviceKind kind = any(random, DeviceKind.values());
    String capability =
        kind == DeviceKind.CUDA ? any(random, CAPABILITIES.toArray(String[]::new)) : null;
    Integer devices = any(random, 1, 2, 4);
    return new Resources(
        kind, null, capability, devices, any(random, "default", "gpu", "ray"), null, null);
  }

  private static Device device(Random random) {
    Long memory = any(random, 1_000L, 2_000L, 3_000L);
    if (random.nextInt(4) == 0) return new Device(random.nextBoolean() ? "cpu" : "cuda:0", memory);
    boolean cuda = random.nextBoolean();
    return new Device(
        "some",
        memory,
        cuda ? "cuda" : "cpu",
        cuda ? any(random, CAPABILITIES.toArray(String[]::new)) : null,
        any(random, 1, 2, 3, 4),
        null,
        random.nextInt(4) == 0,
        null);
  }

  /** One of them, or none. */
  @SafeVarargs
  private static <T> @Nullable T any(Random random, T... values) {
    int which = random.nextInt(values.length + 1);
    return which == values.length ? null : Arrays.asList(values).get(which);
  }

  private Optional<Waiting> expected(String workerClass, Device device) {
    return waiting.stream()
        .filter(job -> fits(job.needs(), workerClass, device))
        .min(
            comparing(Waiting::department)
                .thenComparing(Waiting::priority, (a, b) -> b - a)
                .thenComparing(Waiting::number));
  }

  /** The rules in other words than the product's. */
  private static boolean fits(JobNeeds job, String workerClass, Device device) {
    Resources asked = job.resources();
    int devices = asked.devices() == null ? 1 : asked.devices();
    String named = asked.workerClass();
    if (named == null && devices > 1) named = "ray";
    if (named == null && Boolean.TRUE.equals(device.dedicated())) return false;
    if (named != null && !named.equals(workerClass)) return false;
    String kind = device.kind() == null && device.name().equals("cpu") ? "cpu" : device.kind();
    if (asked.device() != null && !asked.device().wire().equals(kind)) return false;
    if (asked.capability() != null) {
      if (device.capability() == null) return false;
      double least = Double.parseDouble(asked.capability());
      if (Double.parseDouble(device.capability()) < least) return false;
    }
    if (devices > (device.devices() == null ? 1 : device.devices())) return false;
    return device.memory() == null || job.memoryBytes() <= device.memory();
  }
}
