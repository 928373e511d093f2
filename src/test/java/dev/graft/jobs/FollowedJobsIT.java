package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.pg.GraftIT;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.web.server.context.WebServerGracefulShutdownLifecycle;

@GraftIT
class FollowedJobsIT {
  @Autowired JobEvents events;

  @Test
  void aServerThatStopsEndsItsStreamsFirstAndOpensNoMore() throws Exception {
    Duration hour = Duration.ofHours(1);
    FollowedJobs followed =
        new FollowedJobs(events, new JobProperties.EventStreams(hour, hour, 2, 2));
    LoopThreads threads = followed.threads();
    threads.start();
    FollowedJobs.Follower follower = followed.follow("d", "ftjob-1");
    threads.stop();
    JobEvents.Position news = follower.await(0);
    assertThat(news)
        .isNotNull()
        .satisfies(position -> assertThat(FollowedJobs.over(position)).isTrue());
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> followed.follow("d", "ftjob-1"))
        .satisfies(refused -> assertThat(refused.type()).isEqualTo(ProblemType.UNAVAILABLE));
    assertThat(threads.getPhase())
        .isGreaterThan(WebServerGracefulShutdownLifecycle.SMART_LIFECYCLE_PHASE);
  }
}
