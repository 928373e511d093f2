package dev.graft.jobs;

import dev.graft.pg.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A database with the contents of {@code bench/scale/crowded-queue.sql}. */
public final class CrowdedQueue {
  public static final int DEPARTMENTS = 1_000;
  public static final int OF_BUSY = 20_000;
  public static final String BUSY = "proj_busy";
  public static final String WORKER = "wkr_1";

  /** The busy department's next. */
  public static final String FIRST = "ftjob-busy-1";

  /** A device that holds all but the first thousand of the busy department. */
  public static final long SMALL = 4_000_000_000L;

  /** The first of the busy department that such a device holds. */
  public static final String FIRST_SMALL = "ftjob-busy-1001";

  /** In the middle of the busy department's jobs, by time of creation as in the queue. */
  public static final String MIDDLE = "ftjob-busy-10000";

  /** The busy department's last in the queue. */
  public static final String LAST = "ftjob-busy-20000";

  /** Has 20,000 events. */
  public static final String TALKATIVE = "ftjob-ended-1";

  private CrowdedQueue() {}

  public static TestPostgres.Address load() {
    TestPostgres.Address address = TestPostgres.migrated();
    JdbcClient sql = JdbcClient.create(Databases.dataSource(address));
    try {
      sql.sql(Files.readString(Path.of("bench/scale/crowded-queue.sql"))).update();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // As autovacuum does within a minute.
    sql.sql("vacuum analyze").update();
    return address;
  }
}
