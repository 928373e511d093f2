package dev.graft.platform.database;

import dev.graft.platform.LoopThreads;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.util.backoff.BackOffExecution;
import org.springframework.util.backoff.ExponentialBackOff;

/**
 * Listens for {@link Hints} on a connection outside the pool. It tests whether they arrive, because
 * a pooler in transaction mode accepts LISTEN but delivers nothing.
 */
final class HintListener implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(HintListener.class);
  private static final Duration QUIET = Duration.ofSeconds(15);
  private static final Duration PROBE = Duration.ofSeconds(5);
  private static final Duration AGAIN = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final Hints hints;
  private final String url;
  private final Properties properties = new Properties();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable Connection open;
  private boolean warned;

  HintListener(Hints hints, DatabaseProperties settings, JdbcConnectionDetails database) {
    this.hints = hints;
    String direct = settings.listenUrl();
    url = direct == null ? database.getJdbcUrl() : direct;
    properties.setProperty("user", String.valueOf(database.getUsername()));
    properties.setProperty("password", String.valueOf(database.getPassword()));
    properties.setProperty("connectTimeout", "5");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("ApplicationName", "graft hints");
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnWebApplication
  static class Threads {
    @Bean
    LoopThreads hintThread(
        Hints hints, DatabaseProperties settings, JdbcConnectionDetails database) {
      HintListener listener = new HintListener(hints, settings, database);
      return new LoopThreads(
          settings.listen() ? List.of(listener) : List.of(),
          Thread.ofPlatform().daemon().name("hints"),
          threads -> listener.end());
    }
  }

  void end() {
    ended.countDown();
    Connection connection = open;
    if (connection == null) return;
    try {
      connection.abort(Runnable::run);
    } catch (SQLException gone) {
      log.atDebug().setCause(gone).log("hints_connection_gone");
    }
  }

  @Override
  public void run() {
    ExponentialBackOff backOff = new ExponentialBackOff(AGAIN.toMillis(), 2);
    backOff.setMaxInterval(LONGEST.toMillis());
    BackOffExecution waits = backOff.start();
    try {
      do {
        long began = System.nanoTime();
        String cause = listen();
        if (ended.getCount() == 0) return;
        if (System.nanoTime() - began > LONGEST.toNanos()) waits = backOff.start();
        if (!warned) log.atWarn().addKeyValue("cause", cause).log("hints_unheard");
        warned = true;
      } while (!ended.await(waits.nextBackOff(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  /** Listens until the connection fails, and returns the reason. */
  private String listen() {
    try (Connection connection = DriverManager.getConnection(url, properties);
        Statement statement = connection.createStatement()) {
      open = connection;
      statement.execute("listen " + Hints.CHANNEL);
      PGConnection notified = connection.unwrap(PGConnection.class);
      if (!comesThrough(notified)) {
        return "notifications do not arrive: set graft.database.listen-url to PostgreSQL itself, or"
            + " graft.database.listen to false";
      }
      warned = false;
      hints.heardAll();
      while (ended.getCount() > 0 && connection.isValid((int) PROBE.toSeconds())) {
        hear(notified.getNotifications((int) QUIET.toMillis()));
      }
      return "the connection was lost";
    } catch (SQLException | DataAccessException away) {
      return String.valueOf(away.getMessage());
    } finally {
      open = null;
    }
  }

  private boolean comesThrough(PGConnection notified) throws SQLException {
    String probe = "probe " + UUID.randomUUID();
    hints.send(probe);
    long end = System.nanoTime() + PROBE.toNanos();
    for (long left = PROBE.toMillis(); left > 0; ) {
      PGNotification[] heard = notified.getNotifications((int) left);
      if (heard == null) return false;
      for (PGNotification each : heard) {
        if (each.getParameter().equals(probe)) return true;
      }
      left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }
    return false;
  }

  private void hear(PGNotification @Nullable [] heard) {
    if (heard == null) return;
    for (PGNotification each : heard) hints.heard(each.getParameter());
  }

  /**
   * How a server receives hints from other servers through the database.
   *
   * @param listen whether the server listens for notifications of PostgreSQL, on a separate
   *     connection; otherwise it only polls
   * @param listenUrl JDBC URL of that connection, if {@code spring.datasource.url} is a pooler in
   *     transaction mode
   */
  @ConfigurationProperties("graft.database")
  record DatabaseProperties(@DefaultValue("true") boolean listen, @Nullable String listenUrl) {}
}
