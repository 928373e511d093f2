package dev.graft.jobs;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the events and checkpoints of jobs, as SQL. The numbers of a job's events rise by one in
 * the order of commit: if one is visible, all earlier ones are.
 */
@Component
class JobEvents {
  private final JdbcClient sql;

  JobEvents(JdbcClient sql) {
    this.sql = sql;
  }

  /** An event; {@code dataJson} has the numbers of a metrics event. */
  record Event(
      int number,
      Instant createdAt,
      String level,
      String type,
      String message,
      @Nullable String dataJson) {
    static Event of(ResultSet row, int n) throws SQLException {
      return new Event(
          row.getInt("number"),
          ResultColumns.time(row, "created_at"),
          row.getString("level"),
          row.getString("type"),
          row.getString("message"),
          row.getString("data"));
    }
  }

  /**
   * The position of a job.
   *
   * @param last number of its newest event
   * @param ended whether the job has ended
   */
  record Position(int last, boolean ended) {}

  /** A committed checkpoint. */
  record Checkpoint(String id, Instant createdAt, int step, String manifest, String metricsJson) {
    static Checkpoint of(ResultSet row, int n) throws SQLException {
      return new Checkpoint(
          row.getString("id"),
          ResultColumns.time(row, "created_at"),
          row.getInt("step"),
          row.getString("manifest"),
          row.getString("metrics"));
    }
  }

  /** Returns events before number {@code before}, newest first. */
  List<Event> list(String jobId, int before, int limit) {
    return events(
        """
        -- events
        select * from %s where job_id = :job and number < :from
         order by number desc limit :limit
        """,
        jobId, before, limit);
  }

  /** Returns events after number {@code after}, oldest first. */
  List<Event> after(String jobId, int after, int limit) {
    return events(
        """
        -- events after
        select * from %s where job_id = :job and number > :from
         order by number limit :limit
        """,
        jobId, after, limit);
  }

  private List<Event> events(String statement, String jobId, int from, int limit) {
    return fromEither(
        table ->
            sql.sql(statement.formatted(table))
                .param("job", jobId)
                .param("from", from)
                .param("limit", limit)
                .query(Event::of)
                .list());
  }

  /**
   * Reads the table that has the job's events: all of them move into the history together, and
   * never back. One statement on both tables cannot use their indexes: it would sort all events of
   * the job.
   */
  private static <T> List<T> fromEither(Function<String, List<T>> read) {
    List<T> found = read.apply("job_event");
    return found.isEmpty() ? read.apply("job_event_history") : found;
  }

  /** Returns the positions of these jobs by id, without ids of no job. */
  Map<String, Position> positions(Set<String> jobIds) {
    Map<String, Position> positions = new HashMap<>();
    sql.sql(
            """
            -- positions
            select id, last_event, state from job join job_progress on job_id = id
             where id = any(:jobs)
            """)
        .param("jobs", jobIds.toArray(String[]::new))
        .query(
            row -> {
              boolean ended = JobState.of(row.getString("state")).terminal();
              positions.put(row.getString("id"), new Position(row.getInt("last_event"), ended));
            });
    return positions;
  }

  /** Returns the metrics of every reported step, oldest report first. */
  List<String> metrics(String jobId) {
    return fromEither(
        table ->
            sql.sql(
                    """
                    -- metrics
                    select data from %s where job_id = :job and type = 'metrics' order by number
                    """
                        .formatted(table))
                .param("job", jobId)
                .query((row, n) -> row.getString("data"))
                .list());
  }

  /** Returns checkpoints, newest first: by epoch, then step, which is the order of resuming. */
  List<Checkpoint> checkpoints(String jobId, @Nullable String after, int limit) {
    return sql.sql(
            """
            -- checkpoints
            select * from job_checkpoint
             where job_id = :job
               and (:after::text is null
                    or (epoch, step) < (select epoch, step from job_checkpoint
                                         where job_id = :job and id = :after))
             order by epoch desc, step desc limit :limit
            """)
        .param("job", jobId)
        .param("after", after)
        .param("limit", limit)
        .query(Checkpoint::of)
        .list();
  }

  /** Returns the newest checkpoint at a step. */
  Optional<Checkpoint> checkpoint(String jobId, int step) {
    return sql.sql(
            """
            -- checkpoint
            select * from job_checkpoint where job_id = :job and step = :step
             order by epoch desc limit 1
            """)
        .param("job", jobId)
        .param("step", step)
        .query(Checkpoint::of)
        .optional();
  }

  /** OpenAI's FineTuningJobEvent and FineTuningJobCheckpoint. */
  static final class JobEventObject {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Set<String> OF_VALIDATION =
        Set.of("valid_loss", "valid_mean_token_accuracy");

    private JobEventObject() {}

    static ObjectNode of(String jobId, JobEvents.Event event) {
      ObjectNode json = JSON.createObjectNode();
      json.put("object", "fine_tuning.job.event").put("id", id(jobId, event.number()));
      json.put("created_at", event.createdAt().getEpochSecond()).put("level", event.level());
      json.put("message", event.message()).put("type", event.type());
      // OpenAI's schema has no null here: the field is there or not.
      if (event.dataJson() != null) json.set("data", JSON.readTree(event.dataJson()));
      return json;
    }

    static String id(String jobId, int number) {
      return "ftevent-%s-%06d".formatted(jobId.substring("ftjob-".length()), number);
    }

    /** Returns the number in an event id of this job; -1 for anything else. */
    static int number(String jobId, String eventId) {
      String prefix = "ftevent-" + jobId.substring("ftjob-".length()) + "-";
      boolean ours = eventId.startsWith(prefix);
      String number = ours ? eventId.substring(prefix.length()) : "";
      return number.matches("[0-9]{6,9}") ? Integer.parseInt(number) : -1;
    }

    static ObjectNode of(JobRows.JobRow job, JobEvents.Checkpoint checkpoint) {
      ObjectNode json = JSON.createObjectNode();
      json.put("object", "fine_tuning.job.checkpoint").put("id", checkpoint.id());
      json.put("created_at", checkpoint.createdAt().getEpochSecond());
      json.put("fine_tuning_job_id", job.id());
      json.put("fine_tuned_model_checkpoint", job.resultName() + ":ckpt-step-" + checkpoint.step());
      json.put("step_number", checkpoint.step());
      ObjectNode metrics = json.putObject("metrics").put("step", checkpoint.step());
      for (var each : JSON.readTree(checkpoint.metricsJson()).properties()) {
        metrics.set(each.getKey(), each.getValue());
        // OpenAI's other names: Graft always evaluates all of the validation file
        if (OF_VALIDATION.contains(each.getKey()))
          metrics.set("full_" + each.getKey(), each.getValue());
      }
      return json;
    }
  }
}
