package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is next, in simulated hours: the queue is real, its clock is moved. */
@OwnServer
class FairShareIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final int WORKERS = 4;
  private static final Duration HOURS = Duration.ofHours(10);

  private final Queue queue = new Queue(Databases.shifted(DATABASE, "0 s"));
  private long now;

  @BeforeEach
  void empty() {
    queue.clear();
  }

  @ParameterizedTest
  @CsvSource({"900, 97, 130, 600", "1000, 300, 40, 300", "1000, 80, 90, 800"})
  void equalWeightsGetEqualDeviceTimeHoweverUnequalTheirBacklogs(
      int manyJobs, int secondsOfMany, int fewJobs, int secondsOfFew) {
    String many = backlog(manyJobs, 1);
    String few = backlog(fewJobs, 1);
    // Until the shorter backlog is nearly done: from then on there is nothing to share.
    Duration time = Duration.ofSeconds((long) (fewJobs - WORKERS) * secondsOfFew * 2 / WORKERS);
    long[] seconds = simulate(List.of(many, few), new int[] {secondsOfMany, secondsOfFew}, time);
    assertThat((double) seconds[0]).isCloseTo(seconds[1], withinPercentage(5));
  }

  @Test
  void twiceTheWeightIsTwiceTheDeviceTime() {
    String heavy = backlog(800, 2);
    String light = backlog(800, 1);
    long[] seconds = simulate(List.of(heavy, light), new int[] {180, 180}, HOURS);
    assertThat((double) seconds[0] / seconds[1]).isEqualTo(2.0, within(0.2));
  }

  @Test
  void whoeverUsedALotLongAgoIsNotLastForEver() {
    String past = backlog(50, 1);
    simulate(List.of(past), new int[] {3600}, HOURS);
    String fresh = backlog(40, 1);
    LeaseKey first = queue.claim(queue.worker());
    assertThat(department(first)).isEqualTo(fresh);
    queue.leases.complete(first, "ft", Queue.SOME, List.of());
    now += Duration.ofDays(70).toMillis(); // ten half-lives: forty hours are two minutes
    clock();
    queue
        .sql
        .sql("update department set used = 600, used_at = graft_now() where id = :id")
        .param("id", fresh)
        .update();
    assertThat(next()).isEqualTo(past);
  }

  @Test
  void claimersThatArriveTogetherAreSharedOut() {
    String one = backlog(10, 1);
    String two = backlog(10, 1);
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 6; i++) order.add(next());
    assertThat(order.stream().filter(one::equals)).hasSize(3);
    assertThat(order.stream().filter(two::equals)).hasSize(3);
  }

  @Test
  void departmentsTakeTurnsInTheOrderOfTheirUseHoweverManyThereAre() {
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 3 * Claims.CANDIDATES / 2; i++) {
      String department = backlog(1, 1);
      queue
          .sql
          .sql("update department set used = :used, used_at = graft_now() where id = :id")
          .param("used", 1000 - i)
          .param("id", department)
          .update();
      order.addFirst(department);
    }
    backlog(0, 1); // has used nothing, and wants nothing
    List<String> claimed = new ArrayList<>();
    for (int i = 0; i < order.size(); i++) claimed.add(next());
    assertThat(claimed).isEqualTo(order);
  }

  private String next() {
    return department(queue.claim(queue.worker()));
  }

  private String department(LeaseKey key) {
    return queue
        .sql
        .sql("select department_id from job where id = :id")
        .param("id", key.jobId())
        .query(String.class)
        .single();
  }

  private String backlog(int jobs, double weight) {
    String department = queue.department(WORKERS);
    queue
        .sql
        .sql("update department set weight = :weight where id = :id")
        .param("weight", weight)
        .param("id", department)
        .update();
    for (int i = 0; i < jobs; i++) queue.submit(department, 0);
    return department;
  }

  private record Running(LeaseKey key, int department, long started, long ends) {}

  /** Device-seconds that each department got while all of them had work. */
  private long[] simulate(List<String> departments, int[] secondsOfAJob, Duration time) {
    String worker = queue.worker();
    long[] used = new long[departments.size()];
    long start = now;
    PriorityQueue<Running> running = new PriorityQueue<>(Comparator.comparingLong(Running::ends));
    while (now - start < time.toMillis()) {
      while (running.size() < WORKERS) {
        LeaseKey key = queue.claim(worker);
        int of = departments.indexOf(department(key));
        running.add(new Running(key, of, now, now + secondsOfAJob[of] * 1000L));
      }
      Running first = running.remove();
      now = first.ends();
      clock();
      queue.leases.complete(first.key(), "ft", Queue.SOME, List.of());
      used[first.department()] += (first.ends() - first.started()) / 1000;
    }
    for (Running each : running) {
      queue.leases.complete(each.key(), "ft", Queue.SOME, List.of());
      used[each.department()] += (now - each.started()) / 1000;
    }
    return used;
  }

  private void clock() {
    queue
        .sql
        .sql("select set_config('graft.clock_offset', :offset, false)")
        .param("offset", now + " milliseconds")
        .query(String.class)
        .single();
  }
}
