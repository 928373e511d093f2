package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.pg.TestPostgres;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The statement by which KEDA scales workers, on the schema of today. */
@OwnServer
class ChartQueueDepthIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));

  @BeforeEach
  void empty() {
    queue.clear();
  }

  /** As the chart fills it in: a worker set of a class, with CPUs or GPUs. */
  private long depth(String workerClass, boolean dedicated, String kinds) throws IOException {
    String statement =
        Files.readString(Path.of("helm/graft/files/queue-depth.sql"))
            .replace("@classes@", dedicated ? "'" + workerClass + "'" : "'', '" + workerClass + "'")
            .replace("@class@", workerClass)
            .replace("@kinds@", kinds);
    return queue.sql.sql(statement).query(Long.class).single();
  }

  private long depth() throws IOException {
    return depth("default", false, "0, 1, 2");
  }

  @Test
  void jobsThatRunAndThoseThatCouldStartAreCountedAndTheRestOfADepartmentIsNot() throws Exception {
    assertThat(depth()).isZero();
    String greedy = queue.department(2);
    for (int i = 0; i < 10; i++) queue.submit(greedy, 0);
    queue.submit(queue.department(2), 0);
    assertThat(depth()).isEqualTo(3);
    queue.claim(queue.worker());
    queue.claim(queue.worker());
    assertThat(depth()).isEqualTo(3);
    queue.sql.sql("update job set available_at = graft_now() + interval '1 hour'").update();
    assertThat(depth()).as("jobs that run").isEqualTo(2);
  }

  @Test
  void aSetCountsWhatItsWorkersMayTake() throws Exception {
    String department = queue.department(9);
    submit(department, new Resources(DeviceKind.CUDA, null, null, null, "a100", null, null));
    submit(department, new Resources(DeviceKind.CPU, null, null, null, null, null, null));
    submit(department, Resources.ANY);
    assertThat(depth("a100", true, "0, 2")).isEqualTo(1);
    assertThat(depth("a100", false, "0, 2")).isEqualTo(2);
    assertThat(depth("default", false, "0, 1")).isEqualTo(2);
    Device gpu = new Device("cuda:0", null, "cuda", "8.0", 1, null, true, null);
    assertThat(queue.claims.claimNow(queue.worker("a100"), gpu, null)).isPresent();
    assertThat(depth("a100", true, "0, 2")).as("it runs").isEqualTo(1);
    assertThat(depth("default", false, "0, 1")).isEqualTo(2);
  }

  private void submit(String department, Resources resources) {
    queue.submit(department, 0, JobNeeds.JobMemory.UNKNOWN, resources);
  }
}
