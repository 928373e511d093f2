package dev.graft.webhooks.delivery;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.graft.platform.GraftProperties;
import dev.graft.platform.process.LoopThreads;
import java.net.InetAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** How the loop ends. */
class SenderTests {
  private static final WebhookProperties SETTINGS =
      new WebhookProperties(
          null,
          List.of(),
          false,
          null,
          1,
          1,
          Duration.ofDays(1),
          Duration.ofSeconds(1),
          List.of(),
          Duration.ofDays(1));

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

  @Test
  void aDatabaseThatDoesNotAnswerKeepsNobodyFromStopping() throws Exception {
    Unanswered database = new Unanswered();
    Outbox outbox = new Outbox(JdbcClient.create(database));
    OutboundGuard guard = new OutboundGuard(List.of(), false, InetAddress::getAllByName);
    try (OutboundClient post =
        new OutboundClient(guard, SSLContext.getDefault(), 1, SETTINGS.timeout())) {
      SealedSecrets secrets = new SealedSecrets(SETTINGS, new GraftProperties(Path.of("target")));
      LoopThreads threads =
          new DeliveryLoop(outbox, new WebhookSender(secrets, post, SETTINGS), SETTINGS).threads();
      threads.start();
      database.asked.await();

      assertTimeoutPreemptively(Duration.ofSeconds(20), () -> threads.stop());
    }
  }
}
