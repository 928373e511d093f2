package dev.graft.platform.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.pg.PgBouncer;
import dev.graft.pg.TestPostgres.Address;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

/** Whether notifications come through. */
@GraftIT
class HintListenerIT {
  @Autowired private Hints hints;
  @Autowired private JdbcConnectionDetails database;

  @Test
  void aPoolerThatBringsNoneIsTold() throws Exception {
    PgBouncer.requireInstalled();
    HintListener listener = listener(PgBouncer.before(direct()).url());
    Thread thread = Thread.ofVirtual().start(listener);
    try (ExpectedLog log = ExpectedLog.of(HintListener.class, "hints_unheard")) {
      await().atMost(Duration.ofSeconds(30)).until(() -> log.seen().contains("hints_unheard"));
    } finally {
      listener.end();
      thread.join();
    }
  }

  @Test
  void whoListensAtPostgresItselfHearsAndEndsAtOnce() throws Exception {
    AtomicInteger heard = new AtomicInteger();
    hints.on("listener", heard::incrementAndGet);
    HintListener listener = listener(null);
    Thread thread = Thread.ofVirtual().start(listener);
    await().untilAsserted(() -> assertThat(heard).hasPositiveValue()); // it may have missed some
    listener.end();
    thread.join();
  }

  private HintListener listener(String url) {
    return new HintListener(hints, new HintListener.DatabaseProperties(true, url), database);
  }

  private Address direct() {
    String url = database.getJdbcUrl();
    String name = url.substring(url.lastIndexOf('/') + 1);
    return new Address(name, url, database.getUsername(), database.getPassword());
  }
}
