package dev.graft.jobs;

import dev.graft.jobs.JobEvents.Position;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs that this server's open event streams follow, and the one loop that checks them for new
 * events.
 *
 * <p>An open stream costs its connection and a sleeping virtual thread, but no connection to the
 * database. All streams together cost one query by primary keys every {@code event-streams.poll};
 * each stream costs one read of the events when its job has new ones, and one of its key every
 * {@code event-streams.heartbeat}. PostgreSQL is polled instead of using NOTIFY, which takes one
 * lock of the whole cluster at every commit, may be lost, does not pass every pooler, and would
 * save only the poll.
 */
final class FollowedJobs implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(FollowedJobs.class);
  private static final Duration AGAIN = Duration.ofSeconds(10);

  /** Numbers of events begin with 1. */
  private static final Position GONE = new Position(-1, true);

  private final JobEvents events;
  private final JobProperties.EventStreams settings;
  private final Set<Follower> open = ConcurrentHashMap.newKeySet();
  private volatile boolean stopping;
  private boolean failing;

  FollowedJobs(JobEvents events, JobProperties.EventStreams settings) {
    this.events = events;
    this.settings = settings;
  }

  /** The loop ends before the web server, which waits for open answers. */
  LoopThreads threads() {
    return new LoopThreads(
        List.of(this),
        Thread.ofVirtual().name("followed-jobs"),
        threads -> {
          stopping = true;
          threads.forEach(Thread::interrupt);
        });
  }

  /**
   * Opens the place of a stream.
   *
   * @throws RequestFailed if no place is left
   */
  synchronized Follower follow(String departmentId, String jobId) {
    if (stopping) {
      throw new RequestFailed(ProblemType.UNAVAILABLE, "The server is shutting down.")
          .retryAfter(AGAIN);
    }
    refuseBeyond(settings.max(), open.size(), "this server");
    long own = open.stream().filter(each -> each.departmentId.equals(departmentId)).count();
    refuseBeyond(settings.maxPerDepartment(), own, "this department");
    Follower follower = new Follower(departmentId, jobId);
    open.add(follower);
    return follower;
  }

  private static void refuseBeyond(int max, long now, String whose) {
    if (now < max) return;
    throw new RequestFailed(
            ProblemType.RATE_LIMITED,
            "%d event streams of %s are open, which is the maximum. Close one, or list events."
                .formatted(now, whose))
        .retryAfter(AGAIN);
  }

  /** Returns how many streams are open. */
  int open() {
    return open.size();
  }

  @Override
  public void run() {
    try {
      while (!stopping) {
        look();
        TimeUnit.NANOSECONDS.sleep(settings.poll().toNanos());
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      end();
    }
  }

  /** If the database is away for a while, clients get the missed events later. */
  private void look() {
    List<Follower> followers = List.copyOf(open);
    if (followers.isEmpty()) return;
    try {
      Map<String, Position> positions =
          events.positions(followers.stream().map(each -> each.jobId).collect(Collectors.toSet()));
      followers.forEach(each -> each.put(positions.getOrDefault(each.jobId, GONE)));
      failing = false;
    } catch (RuntimeException away) {
      if (!failing && !stopping) log.atWarn().setCause(away).log("followed_jobs_unread");
      failing = true;
    }
  }

  /** Takes the lock of {@link #follow}, so that later streams are refused. */
  private synchronized void end() {
    stopping = true;
    open.forEach(each -> each.put(GONE));
  }

  /** The place of a stream. Only the loop puts news into it. */
  final class Follower implements AutoCloseable {
    private final String departmentId;
    private final String jobId;
    private final BlockingQueue<Position> news = new ArrayBlockingQueue<>(1);
    private @Nullable Position newest;

    private Follower(String departmentId, String jobId) {
      this.departmentId = departmentId;
      this.jobId = jobId;
    }

    /** Replaces older news that the stream has not taken yet. */
    private void put(Position position) {
      if (position.equals(newest)) return;
      newest = position;
      news.clear();
      news.add(position);
    }

    /** Waits for news of the job; returns null if there is none by then. */
    @Nullable Position await(long nanos) throws InterruptedException {
      return news.poll(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
      open.remove(this);
    }
  }

  /**
   * Returns whether there is nothing to follow any more: the job was deleted, or the server stops.
   */
  static boolean over(Position position) {
    return position.equals(GONE);
  }
}
