package dev.graft.jobs;

import dev.graft.jobs.JobEvents.Event;
import dev.graft.jobs.JobEvents.Position;
import dev.graft.platform.EventStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One client's stream of a job's events, oldest first, until the job has ended. */
final class JobEventStream {
  /** The event after the last. */
  private static final String DONE = "done";

  private static final Duration COME_BACK = Duration.ofSeconds(2);
  private static final int PAGE = 100;

  private final String jobId;
  private final JobEvents events;
  private final EventStream out;
  private int sent;

  /**
   * @param sent number of the last event that the client has; 0 = none
   */
  JobEventStream(String jobId, JobEvents events, EventStream out, int sent) {
    this.jobId = jobId;
    this.events = events;
    this.out = out;
    this.sent = sent;
  }

  /**
   * Returns when the stream is over.
   *
   * @param now where the job is
   * @param allowed whether the caller may still read the job; asked at each heartbeat
   * @throws IOException if the client is gone
   */
  void relay(
      FollowedJobs.Follower follower, Position now, Duration heartbeat, BooleanSupplier allowed)
      throws IOException, InterruptedException {
    out.retry(COME_BACK);
    send(now);
    boolean ended = now.ended();
    long due = System.nanoTime() + heartbeat.toNanos();
    while (!ended) {
      @Nullable Position news = follower.await(due - System.nanoTime());
      if (news != null) {
        if (FollowedJobs.over(news)) return;
        send(news);
        ended = news.ended();
      }
      if (System.nanoTime() >= due) {
        if (!allowed.getAsBoolean()) return;
        out.keepAlive();
        due = System.nanoTime() + heartbeat.toNanos();
      }
    }
    out.end(DONE);
  }

  /** Numbers are given out in the order of commit: up to the last, none appears later. */
  private void send(Position position) throws IOException {
    while (sent < position.last()) {
      List<Event> page = events.after(jobId, sent, PAGE);
      for (Event event : page) {
        out.send(
            JobEventObject.id(jobId, event.number()),
            event.type(),
            JobEventObject.of(jobId, event));
        sent = event.number();
      }
      // Retention has taken what is missing.
      if (page.size() < PAGE) sent = Math.max(sent, position.last());
    }
  }
}
