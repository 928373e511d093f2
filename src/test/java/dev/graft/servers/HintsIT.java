package dev.graft.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.TwoServers;
import dev.graft.platform.AdjustedClock;
import dev.graft.platform.database.Hints;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What servers share by way of the database beside rows: hints and time. */
class HintsIT {
  private final TwoServers servers = TwoServers.shared();

  @Test
  void whatOneTellsTheOtherHearsAndNotEachTime() {
    String topic = "topic " + UUID.randomUUID();
    AtomicInteger heard = new AtomicInteger();
    servers.b().get(Hints.class).on(topic, heard::incrementAndGet);
    for (int i = 0; i < 50; i++) servers.a().get(Hints.class).tell(topic);
    await().until(() -> heard.get() > 0);
    assertThat(heard).hasValueLessThan(10);
  }

  @Test
  void theClockOfAServerGoesByTheDatabases() {
    Clock clock = servers.a().get(Clock.class);
    assertThat(clock).isInstanceOf(AdjustedClock.class);
    assertThat(Duration.between(servers.b().get(Clock.class).instant(), clock.instant()))
        .isLessThan(Duration.ofSeconds(1));
  }
}
