package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.Limits.LimitSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Administrators edit different fields of a department while workers claim its jobs, which moves
 * its counters in the same row. No edit is lost or refused, and no counter drifts.
 */
@GraftIT
class EditsBesideClaimsIT {
  private static final int JOBS = 400;
  private static final int CLAIMERS = 4;

  @Autowired Departments departments;
  @Autowired JdbcClient sql;

  private final AtomicInteger ended = new AtomicInteger();
  private final AtomicBoolean allEnded = new AtomicBoolean();

  @Test
  void editsOfDifferentFieldsAndClaimsDoNotDisturbEachOther() throws Exception {
    Queue queue = new Queue(sql);
    String department = departments.ensure("d-" + UUID.randomUUID());
    departments.limit(department, limits -> limits(CLAIMERS, null));
    for (int i = 0; i < JOBS; i++) queue.submit(department, 0);
    String name = "renamed-" + UUID.randomUUID() + "-";

    List<Callable<Integer>> sides = new ArrayList<>();
    for (int i = 0; i < CLAIMERS; i++) sides.add(() -> claim(queue, queue.worker()));
    sides.add(() -> edit(n -> departments.rename(department, name + n)));
    sides.add(
        () -> edit(n -> departments.limit(department, old -> limits(old.maxRunningJobs(), n))));
    sides.add(() -> edit(n -> departments.permit(department, "deny_list", List.of("base-" + n))));
    List<Integer> done = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(sides.size())) {
      for (Future<Integer> side : threads.invokeAll(sides)) done.add(side.get());
    }

    assertThat(departments.get(department).orElseThrow().name()).isEqualTo(name + done.get(4));
    assertThat(departments.limits(department).maxQueuedJobs()).isEqualTo(done.get(5));
    assertThat(departments.limits(department).maxRunningJobs()).isEqualTo(CLAIMERS);
    assertThat(
            sql.sql("select model_ids::text from department where id = :id")
                .param("id", department)
                .query(String.class)
                .single())
        .contains("base-" + done.get(6));
    assertThat(queue.running(department)).isZero();
    assertThat(queue.drifted()).isZero();
  }

  private static LimitSettings limits(Integer maxRunning, Integer maxQueued) {
    return new LimitSettings(maxRunning, maxQueued, null, null, null, null, null, null);
  }

  private int claim(Queue queue, String worker) {
    while (ended.get() < JOBS) {
      Optional<Lease> job = queue.claims.claimNow(worker, Device.UNKNOWN, null);
      if (job.isEmpty()) continue;
      queue.leases.complete(job.get().key(), "ft", Queue.SOME, List.of());
      ended.incrementAndGet();
    }
    allEnded.set(true);
    return ended.get();
  }

  /** Returns the number of the last edit. */
  private int edit(IntConsumer change) {
    int number = 0;
    while (!allEnded.get()) change.accept(++number);
    return number;
  }
}
