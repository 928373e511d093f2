package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.graft.OwnServer;
import dev.graft.jobs.WorkerDevices.DeviceOffer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.pg.TestPostgres;
import dev.graft.spec.Resources.DeviceKind;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** A job goes to a device that can hold it, and blocks nobody else's way. */
@OwnServer
class JobsThatFitIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final long SMALL = 4_000;
  private static final long LARGE = 16_000;

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private final WorkerDevices devices = new WorkerDevices(queue.sql);

  @BeforeEach
  void empty() {
    queue.clear();
  }

  private String submit(String department, long bytes) {
    return queue.submit(department, 0, new JobNeeds.JobMemory(bytes, bytes / 2));
  }

  @Test
  void aJobThatDoesNotFitIsPassedOverAndKeepsItsPlace() {
    String department = queue.department(9);
    String large = submit(department, 9_000);
    String small = submit(department, 3_000);
    String exact = submit(department, SMALL);
    assertThat(queue.claimed(SMALL)).hasValue(small);
    assertThat(queue.claimed(SMALL)).hasValue(exact);
    assertThat(queue.claimed(SMALL)).isEmpty();
    assertThat(queue.claimed(LARGE)).hasValue(large);
  }

  @Test
  void theOrderOfTheQueueHoldsAcrossSizes() {
    String department = queue.department(9);
    String first = submit(department, 3_000);
    String second = submit(department, 1_000);
    String third = submit(department, 2_000);
    String fourth = submit(department, 1_000);
    String urgent = queue.submit(department, 5, new JobNeeds.JobMemory(2_000, 0));
    for (String next : new String[] {urgent, first, second, third, fourth}) {
      assertThat(queue.claimed(SMALL)).hasValue(next);
    }
  }

  @Test
  void aDepartmentWithoutAJobThatFitsLeavesTheDeviceToTheNext() {
    String greedy = queue.department(9);
    String modest = queue.department(9);
    queue
        .sql
        .sql("update department set used = 1000, used_at = graft_now() where id = :id")
        .param("id", modest)
        .update();
    for (int i = 0; i < 40; i++) submit(greedy, 9_000 + i);
    String job = submit(modest, 2_000);
    assertThat(queue.claimed(SMALL)).hasValue(job);
    assertThat(queue.running(greedy)).isZero();
  }

  @Test
  void whatIsNotKnownFitsEverywhere() {
    String department = queue.department(9);
    String unknown = queue.submit(department, 0);
    String huge = submit(department, Long.MAX_VALUE);
    assertThat(queue.claimed(1)).hasValue(unknown);
    assertThat(queue.claimed(LARGE)).isEmpty();
    assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(huge);
  }

  @Test
  void afterItRanOutOfMemoryAJobFitsASmallerDevice() {
    String department = queue.department(9);
    String job = submit(department, 6_000);
    LeaseKey key =
        queue.claims.claimNow(queue.worker(), new Device("cpu", LARGE), null).orElseThrow().key();
    TrainingFailure full =
        new TrainingFailure(TrainingFailure.Kind.OUT_OF_MEMORY, "full", null, null);
    queue.leases.fail(key, full, Duration.ZERO, "again");
    assertThat(queue.claimed(2_999)).isEmpty();
    assertThat(queue.claimed(3_000)).hasValue(job);
  }

  @Test
  void aLockedJobIsPassedOverForOneOfAnotherSize() {
    String department = queue.department(9);
    String locked = submit(department, 1_000);
    String other = submit(department, 2_000);
    DataSource elsewhere = Databases.dataSource(DATABASE);
    new TransactionTemplate(new DataSourceTransactionManager(elsewhere))
        .executeWithoutResult(
            open -> {
              JdbcClient.create(elsewhere)
                  .sql("select id from job where id = :id for update")
                  .param("id", locked)
                  .query(String.class)
                  .single();
              assertThat(queue.claimed(SMALL)).hasValue(other);
            });
    assertThat(queue.claimed(SMALL)).hasValue(locked);
  }

  @Test
  void whatWorkersHaveToGiveIsToldByTheLargestOfEachKind() {
    assertThat(devices.offers()).isEmpty();
    String small = queue.worker();
    String large = queue.worker();
    devices.asks(small, new Device("cpu", SMALL));
    devices.asks(large, new Device("cpu", LARGE));
    assertThat(devices.offers()).singleElement().isEqualTo(offer(LARGE, large));
    devices.asks(large, new Device("cpu", 5_000L));
    assertThat(devices.offers()).singleElement().isEqualTo(offer(5_000, large));
    revoke(large);
    assertThat(devices.offers()).singleElement().isEqualTo(offer(SMALL, small));
    devices.asks(queue.worker(), Device.UNKNOWN);
    assertThat(devices.offers())
        .extracting(DeviceOffer::memory)
        .containsExactlyInAnyOrder(SMALL, Long.MAX_VALUE);
    String gpu = queue.worker("gpu");
    devices.asks(gpu, new Device("cuda:0", LARGE, "cuda", "8.6", 2, "gpu", true, null));
    assertThat(devices.offers())
        .filteredOn(DeviceOffer::dedicated)
        .singleElement()
        .usingRecursiveComparison()
        .ignoringFields("askedAt")
        .isEqualTo(
            new DeviceOffer("gpu", true, DeviceKind.CUDA, 86, 2, LARGE, true, gpu, Instant.EPOCH));
  }

  private DeviceOffer offer(long memory, String worker) {
    Instant asked =
        queue
            .sql
            .sql(
                "select date_trunc('second', asked_at) from worker_device where worker_id ="
                    + " :worker")
            .param("worker", worker)
            .query(Timestamp.class)
            .single()
            .toInstant();
    return new DeviceOffer("default", false, DeviceKind.CPU, 0, 1, memory, true, worker, asked);
  }

  private void revoke(String worker) {
    queue
        .sql
        .sql("update worker set revoked_at = graft_now() where id = :id")
        .param("id", worker)
        .update();
  }

  @Test
  void aWorkerIsThereWhileItTrainsHoweverLongAndRememberedForAMonth() {
    String idle = queue.worker();
    String training = queue.worker();
    devices.asks(idle, new Device("cpu", LARGE));
    devices.asks(training, new Device("cpu", SMALL));
    queue.submit(queue.department(1), 0);
    queue.claim(training);
    assertThat(later("61 s"))
        .extracting(DeviceOffer::worker, DeviceOffer::there)
        .containsExactlyInAnyOrder(tuple(training, true), tuple(idle, false));
    assertThat(later("31 days")).isEmpty();
  }

  private static List<DeviceOffer> later(String shift) {
    return new WorkerDevices(JdbcClient.create(Databases.shifted(DATABASE, shift))).offers();
  }

  @Test
  void aWorkerThatIsSetUpForAnotherClassThanItJoinedWithIsToldHowToMendIt() {
    String worker = queue.worker("gpu");
    devices.asks(worker, new Device("cpu", null, "cpu", null, null, "gpu", null, null));
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(
            () -> devices.asks(worker, new Device("ray", null, null, null, 4, "ray", true, null)))
        .withMessageContaining("class ray")
        .withMessageContaining("class gpu")
        .withMessageContaining("graft worker-token create --class ray");
  }
}
