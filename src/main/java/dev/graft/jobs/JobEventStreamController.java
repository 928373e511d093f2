package dev.graft.jobs;

import dev.graft.jobs.JobEvents.Event;
import dev.graft.jobs.JobEvents.Position;
import dev.graft.platform.CurrentCaller;
import dev.graft.platform.EventStream;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.TransactionException;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Streams the events of a job as they happen, on the request's virtual thread. */
@RestController
class JobEventStreamController {
  private static final Logger log = LoggerFactory.getLogger(JobEventStreamController.class);
  private static final String LAST_EVENT_ID = "Last-Event-ID";

  private final JobRows jobs;
  private final JobEvents events;
  private final FollowedJobs followed;
  private final CurrentCaller currently;
  private final JobProperties settings;
  private final JsonMapper json;

  JobEventStreamController(
      JobRows jobs,
      JobEvents events,
      FollowedJobs followed,
      CurrentCaller currently,
      JobProperties settings,
      JsonMapper json) {
    this.jobs = jobs;
    this.events = events;
    this.followed = followed;
    this.currently = currently;
    this.settings = settings;
    this.json = json;
  }

  @GetMapping("/v1/fine_tuning/jobs/{id}/events/stream")
  void stream(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestHeader(name = LAST_EVENT_ID, defaultValue = "") String lastEventId,
      HttpServletRequest request,
      HttpServletResponse response)
      throws InterruptedException {
    @Nullable Position now =
        jobs.departmentOf(id).filter(caller.departmentId()::equals).isPresent()
            ? events.positions(Set.of(id)).get(id)
            : null;
    if (now == null) throw RequestFailed.notFound("fine-tuning job", id);
    int sent = lastEventId.isEmpty() ? 0 : number(id, lastEventId, now);
    if (now.ended() && sent == now.last()) {
      // By the specification of event streams, clients that ignore "done" do not reconnect after
      // it.
      response.setStatus(HttpServletResponse.SC_NO_CONTENT);
      return;
    }
    if (request.getMethod().equals("HEAD")) return;
    JobEventStream stream = new JobEventStream(id, events, new EventStream(response, json), sent);
    try (FollowedJobs.Follower follower = followed.follow(caller.departmentId(), id)) {
      stream.relay(
          follower, now, settings.eventStreams().heartbeat(), () -> stillMay(caller, request));
    } catch (IOException gone) {
      log.atDebug().addKeyValue("job", id).log("event_stream_left");
    } catch (DataAccessException | TransactionException away) {
      // The client reconnects, and continues after its last event.
      log.atWarn().addKeyValue("job", id).addKeyValue("cause", away).log("event_stream_broken");
    }
  }

  private boolean stillMay(Caller caller, HttpServletRequest request) {
    return currently
        .of(request)
        .filter(Caller.class::isInstance)
        .filter(now -> ((Caller) now).departmentId().equals(caller.departmentId()))
        .isPresent();
  }

  /** Reads the number of an event that the job has had, even if retention has deleted it since. */
  private static int number(String jobId, String eventId, Position now) {
    int number = JobEvents.JobEventObject.number(jobId, eventId);
    if (number >= 1 && number <= now.last()) return number;
    throw RequestFailed.invalid(
        LAST_EVENT_ID,
        "%s must be the id of an event of this job; omit it to begin with the first event."
            .formatted(LAST_EVENT_ID));
  }

  /** The stream of one client: a job's events, oldest first, until the job has ended. */
  static final class JobEventStream {
    /** The name of the event that ends the stream. */
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
     * Sends events until the stream is over.
     *
     * @param now the job's current position
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

    /**
     * Sends all events up to the position. Numbers rise in the order of commit: none is missing.
     */
    private void send(Position position) throws IOException {
      while (sent < position.last()) {
        List<Event> page = events.after(jobId, sent, PAGE);
        for (Event event : page) {
          out.send(
              JobEvents.JobEventObject.id(jobId, event.number()),
              event.type(),
              JobEvents.JobEventObject.of(jobId, event));
          sent = event.number();
        }
        // Retention has deleted the missing events.
        if (page.size() < PAGE) sent = Math.max(sent, position.last());
      }
    }
  }
}
