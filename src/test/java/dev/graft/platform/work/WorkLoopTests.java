package dev.graft.platform.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.graft.platform.LoopThreads;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** How the loop ends, and how long failures wait. */
class WorkLoopTests {
  /** As a pool whose database is away: whoever wants a connection waits. */
  private static final class Unanswered extends AbstractDataSource {
    final CountDownLatch asked = new CountDownLatch(1);

    @Override
    public Connection getConnection() throws SQLException {
      asked.countDown();
      try {
        new CountDownLatch(1).await();
        throw new SQLException("nobody answers");
      } catch (InterruptedException stopped) {
        throw new SQLException(stopped);
      }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return getConnection();
    }
  }

  private record Idle() implements WorkKind {
    @Override
    public WorkSettings settings() {
      Duration second = Duration.ofSeconds(1);
      return new WorkSettings(
          "idle", false, 1, 1, second, second, new WorkSettings.Backoff(1, second, second), second);
    }

    @Override
    public void work(WorkClaim claim) {}
  }

  @Test
  void aDatabaseThatDoesNotAnswerKeepsNobodyFromStopping() throws Exception {
    Unanswered database = new Unanswered();
    LoopThreads threads =
        WorkLoop.threads(new LeasedWork(JdbcClient.create(database)), List.of(new Idle()));
    threads.start();
    database.asked.await();

    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> threads.stop());
  }

  @Test
  void waitsDoubleUpToTheLongest() {
    WorkSettings.Backoff retries =
        new WorkSettings.Backoff(9, Duration.ofSeconds(10), Duration.ofSeconds(60));
    assertThat(retries.after(1)).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(10));
    assertThat(retries.after(3)).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(40));
    assertThat(retries.after(1000)).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
  }
}
