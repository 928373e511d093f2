package dev.graft.jobs;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.datasets.StoredFiles;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Removes parts of ended jobs for retention, as SQL. Nothing else writes these jobs any more; the
 * row's lock separates two removals.
 */
@Component
class EndedJobs {
  /** A part of a job that retention deletes, with its statements. */
  enum Part {
    CHECKPOINTS("and exists (select from job_checkpoint c where c.job_id = j.id)"),
    LOGS("");

    private final String unannounced;
    private final String lock;

    Part(String there) {
      String name = name().toLowerCase(Locale.ROOT);
      unannounced =
          """
          -- unannounced %1$s
          select id, coalesce(fine_tuned_model, id) as name, finished_at from job j
           where department_id = :department and finished_at <= :latest and %1$s_deleted_at is null
             %2$s
             and not exists (select from retention_notice n
                              where n.kind = '%1$s' and n.resource_id = j.id collate "C")
           order by finished_at, id limit :limit
          """
              .formatted(name, there);
      lock =
          """
          -- lock with %1$s
          select 1 from job
           where id = :job and department_id = :department and finished_at is not null
             and %1$s_deleted_at is null
             for update
          """
              .formatted(name);
    }
  }

  private static final String MOVE_EVENTS =
      """
      -- move events
      with old as (select id from job
                    where finished_at is not null and finished_at <= :latest and events_moved_at is null
                    order by finished_at limit :limit for update skip locked),
           moved as (delete from job_event using old where job_id = old.id returning job_event.*),
           kept as (insert into job_event_history (job_id, number, created_at, level, type, message, data)
                    select job_id, number, created_at, level, type, message, data from moved)
      update job set events_moved_at = graft_now() from old where job.id = old.id
      """;

  private final JdbcClient sql;

  EndedJobs(JdbcClient sql) {
    this.sql = sql;
  }

  /** Returns jobs that ended by then, and whose owners were not notified of the removal yet. */
  List<Retained.Thing> unannounced(Part part, String departmentId, Instant latest, int limit) {
    return sql.sql(part.unannounced)
        .param("department", departmentId)
        .param("latest", ResultColumns.parameter(latest))
        .param("limit", limit)
        .query(
            (row, n) ->
                new Retained.Thing(
                    row.getString("id"),
                    row.getString("name"),
                    ResultColumns.time(row, "finished_at")))
        .list();
  }

  /** Locks the job; false if it has not ended, or this part of it was removed before. */
  boolean lock(Part part, String departmentId, String jobId) {
    return sql.sql(part.lock)
        .param("job", jobId)
        .param("department", departmentId)
        .query(Integer.class)
        .optional()
        .isPresent();
  }

  /** Returns whether an unfinished job continues from a model of this job. */
  boolean needed(String jobId) {
    return sql.sql(
            """
            -- needed
            select exists (select from job
                            where job_of_model(parent_model) = :job and parent_model is not null
                              and finished_at is null)
            """)
        .param("job", jobId)
        .query(Boolean.class)
        .single();
  }

  /** Deletes the checkpoints of a job; returns how many there were. */
  int deleteCheckpoints(String jobId) {
    sql.sql("update job set checkpoints_deleted_at = graft_now() where id = :job")
        .param("job", jobId)
        .update();
    return sql.sql("delete from job_checkpoint where job_id = :job").param("job", jobId).update();
  }

  /**
   * Moves the events of jobs that ended by then into the history table.
   *
   * @return the number of these jobs, at most {@code limit}
   */
  int moveEvents(Instant latest, int limit) {
    return sql.sql(MOVE_EVENTS)
        .param("latest", ResultColumns.parameter(latest))
        .param("limit", limit)
        .update();
  }

  /** Deletes the events of a job; returns its result files, to which it no longer refers. */
  List<String> deleteLogs(String jobId) {
    List<String> results =
        sql.sql("select unnest(result_files) as file from job where id = :job")
            .param("job", jobId)
            .query((row, n) -> row.getString("file"))
            .list();
    sql.sql("update job set logs_deleted_at = graft_now(), result_files = '{}' where id = :job")
        .param("job", jobId)
        .update();
    sql.sql("delete from job_event where job_id = :job").param("job", jobId).update();
    sql.sql("delete from job_event_history where job_id = :job").param("job", jobId).update();
    return results;
  }

  /** Moves events of old jobs into the history table; any number of servers may do so at once. */
  @Service
  @EnableConfigurationProperties(HistoryProperties.class)
  static class JobHistory {
    private static final Logger log = LoggerFactory.getLogger(JobHistory.class);

    /** Jobs per statement, which moves all of their events: some ten thousand. */
    private static final int BATCH = 100;

    private final EndedJobs jobs;
    private final HistoryProperties settings;
    private final Clock clock;

    JobHistory(EndedJobs jobs, HistoryProperties settings, Clock clock) {
      this.jobs = jobs;
      this.settings = settings;
      this.clock = clock;
    }

    /** Returns the number of jobs whose events it moved. */
    int moveEvents() {
      Instant latest = clock.instant().minus(settings.after());
      int moved = 0;
      int last;
      do {
        last = jobs.moveEvents(latest, BATCH);
        moved += last;
      } while (last == BATCH);
      if (moved > 0) log.atInfo().addKeyValue("jobs", moved).log("events_moved_to_history");
      return moved;
    }
  }

  /**
   * Settings for the history of ended jobs.
   *
   * @param after how long after a job's end its events move into the history table; the API returns
   *     them as before
   */
  @ConfigurationProperties("graft.jobs.history")
  record HistoryProperties(@DefaultValue("30d") Duration after) {
    HistoryProperties {
      if (after.isNegative()) {
        throw new IllegalArgumentException("graft.jobs.history.after must not be negative");
      }
    }
  }

  /** Retention of checkpoints, counted from the end of the job; a paused job has not ended. */
  @Component
  static class RetainedCheckpoints implements Retained {
    private final EndedJobs jobs;
    private final AuditLog audit;

    RetainedCheckpoints(EndedJobs jobs, AuditLog audit) {
      this.jobs = jobs;
      this.audit = audit;
    }

    @Override
    public RetentionKind kind() {
      return RetentionKind.CHECKPOINTS;
    }

    @Override
    public List<Thing> untold(String departmentId, Instant latest, int limit) {
      return jobs.unannounced(Part.CHECKPOINTS, departmentId, latest, limit);
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public Removal remove(String departmentId, String jobId) {
      if (!jobs.lock(Part.CHECKPOINTS, departmentId, jobId)) return Removal.GONE;
      if (jobs.needed(jobId)) return Removal.IN_USE;
      int count = jobs.deleteCheckpoints(jobId);
      audit.write(
          "fine_tuning.job.checkpoints.deleted",
          departmentId,
          jobId,
          Map.of("checkpoints", count, "reason", "retention"));
      return Removal.REMOVED;
    }
  }

  /** Retention of events and step metrics, counted from the end of the job. */
  @Component
  static class RetainedLogs implements Retained {
    private final EndedJobs jobs;
    private final StoredFiles files;
    private final AuditLog audit;

    RetainedLogs(EndedJobs jobs, StoredFiles files, AuditLog audit) {
      this.jobs = jobs;
      this.files = files;
      this.audit = audit;
    }

    @Override
    public RetentionKind kind() {
      return RetentionKind.LOGS;
    }

    @Override
    public List<Thing> untold(String departmentId, Instant latest, int limit) {
      return jobs.unannounced(Part.LOGS, departmentId, latest, limit);
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public Removal remove(String departmentId, String jobId) {
      if (!jobs.lock(Part.LOGS, departmentId, jobId)) return Removal.GONE;
      List<String> results = jobs.deleteLogs(jobId);
      files.deleteResults(departmentId, results);
      audit.write(
          "fine_tuning.job.logs.deleted",
          departmentId,
          jobId,
          Map.of("files", results, "reason", "retention"));
      return Removal.REMOVED;
    }
  }

  /**
   * The blobs that jobs need: until a job ends its inputs and all uploads of its workers, and its
   * checkpoints until they are deleted. The result belongs to the adapter.
   */
  @Component
  static class JobBlobs implements BlobReferences {
    private static final String UNFINISHED = "finished_at is null";

    /** A checkpoint needs the base model of its job, for answers and for further training. */
    private static final String UNFINISHED_OR_WITH_CHECKPOINTS =
        UNFINISHED + " or exists (select from job_checkpoint c where c.job_id = job.id)";

    private static final String OF_UNFINISHED =
        "exists (select from job where job.id = job_blob.job_id and job.finished_at is null)";

    @Override
    public List<BlobColumn> columns() {
      return List.of(
          new BlobColumn("job", "base_manifest", MANIFEST, UNFINISHED_OR_WITH_CHECKPOINTS),
          new BlobColumn("job", "training_digest", BLOB, UNFINISHED),
          new BlobColumn("job", "validation_digest", BLOB, UNFINISHED),
          new BlobColumn("job", "start_manifest", MANIFEST, UNFINISHED),
          new BlobColumn("job_checkpoint", "manifest", MANIFEST),
          new BlobColumn("job_blob", "digest", BLOB, OF_UNFINISHED));
    }
  }
}
