package dev.graft.platform.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.platform.TestClocks;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A machine whose clock is wrong serves with the time that all have. */
@GraftIT
class SharedTimeIT {
  @Autowired private JdbcClient sql;

  @Test
  void aClockThatIsMinutesOffIsSetRightAndTold() {
    var late = TestClocks.adjustedClockThatIsOffBy(Duration.ofMinutes(-7));
    var right = TestClocks.adjustedClockThatIsOffBy(Duration.ZERO);
    try (ExpectedLog log = ExpectedLog.of(SharedTime.class, "clocks_differ")) {
      new SharedTime(late, sql).adjust();
      new SharedTime(right, sql).adjust();
      assertThat(log.seen()).containsExactly("clocks_differ");
    }
    assertThat(Duration.between(late.instant(), right.instant()).abs())
        .isLessThan(Duration.ofSeconds(1));
  }
}
