package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Finds the department's job by the name of its model or of a checkpoint. */
@Component
public class SourceJobs {
  /** Department and suffix may contain colons; the id does not. */
  private static final Pattern NAME =
      Pattern.compile("(?<model>ft:.+:(?<id>[0-9a-z]+))(?::ckpt-step-(?<step>\\d{1,9}))?");

  private final JobRows jobs;
  private final JobEvents events;
  private final EndedJobs ended;

  SourceJobs(JobRows jobs, JobEvents events, EndedJobs ended) {
    this.jobs = jobs;
    this.events = events;
    this.ended = ended;
  }

  /**
   * @param model such as {@code ft:base:department:suffix:id} or {@code ...:ckpt-step-100}
   */
  @Transactional(readOnly = true)
  public Optional<SourceJob> find(String departmentId, String model) {
    Matcher name = NAME.matcher(model);
    if (!name.matches()) return Optional.empty();
    String step = name.group("step");
    return jobs.find(departmentId, "ftjob-" + name.group("id"))
        .filter(job -> job.resultName().equals(name.group("model")))
        .map(
            job ->
                new SourceJob(
                    job.id(),
                    job.departmentId(),
                    job.state(),
                    job.baseModel(),
                    new Digest(job.baseManifest()),
                    job.adapterJson(),
                    job.removed().checkpointsAt(),
                    step == null ? null : checkpoint(job, Integer.parseInt(step))));
  }

  /** Returns the department of the job with this name, whether or not the model exists. */
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String model) {
    Matcher name = NAME.matcher(model);
    return name.matches() ? jobs.departmentOf("ftjob-" + name.group("id")) : Optional.empty();
  }

  /** Returns whether an unfinished job continues from a model of this job. */
  @Transactional(readOnly = true)
  public boolean needed(String jobId) {
    return ended.needed(jobId);
  }

  private SourceJob.@Nullable Checkpoint checkpoint(JobRows.JobRow job, int step) {
    return events
        .checkpoint(job.id(), step)
        .map(
            c ->
                new SourceJob.Checkpoint(c.id(), c.step(), new Digest(c.manifest()), c.createdAt()))
        .orElse(null);
  }

  /**
   * The job behind a model's name.
   *
   * @param baseManifest of the directory with which its training began: the base model's, or that
   *     of the whole model that it continued from
   * @param adapterJson the resolved {@code adapter} object
   * @param checkpointsDeletedAt when retention deleted its checkpoints; null = it has not
   * @param checkpoint the checkpoint that the name contains; null = none, or it does not exist
   */
  public record SourceJob(
      String id,
      String departmentId,
      JobState state,
      String baseModel,
      Digest baseManifest,
      String adapterJson,
      @Nullable Instant checkpointsDeletedAt,
      @Nullable Checkpoint checkpoint) {
    /**
     * @param manifest digest of its manifest blob
     */
    public record Checkpoint(String id, int step, Digest manifest, Instant createdAt) {}
  }

  /** The ancestors and descendants of jobs, as SQL. */
  @Component
  public static class JobLineage {
    /** Jobs that are further away are left out. */
    private static final int FARTHEST = 100;

    private static final int MOST = 1000;

    /** A model of another department is included, but not its own ancestors. */
    private static final String ANCESTORS =
        """
        with recursive line (id, parent_model, department_id, distance) as (
          select id, parent_model, department_id, 0 from job where id = :job and department_id = :department
          union all
          select p.id, p.parent_model, p.department_id, line.distance + 1
            from line join job p on p.id = job_of_model(line.parent_model)
           where line.department_id = :department and line.distance < :farthest)
        """;

    /** Only jobs of the department. */
    private static final String DESCENDANTS =
        """
        with recursive line (id, distance) as (
          select id, 0 from job where id = :job and department_id = :department
          union all
          select c.id, line.distance + 1
            from line join job c on job_of_model(c.parent_model) = line.id and c.parent_model is not null
           where c.department_id = :department and line.distance < :farthest)
        """;

    private static final String READ =
        """
        select j.id, j.department_id, j.state, j.base_model, j.parent_model, j.created_at, line.distance
          from line join job j on j.id = line.id
         where line.distance > 0
         order by line.distance, j.created_at, j.id
         limit :most
        """;

    private final JdbcClient sql;

    JobLineage(JdbcClient sql) {
      this.sql = sql;
    }

    /**
     * An ancestor or descendant.
     *
     * @param state the state's name on the wire
     * @param parentModel the model or checkpoint that it continued from, or null
     * @param distance in jobs, from 1
     */
    public record Step(
        String jobId,
        String departmentId,
        String state,
        String baseModel,
        @Nullable String parentModel,
        Instant createdAt,
        int distance) {
      private static Step of(ResultSet row, int number) throws SQLException {
        return new Step(
            row.getString("id"),
            row.getString("department_id"),
            row.getString("state"),
            row.getString("base_model"),
            row.getString("parent_model"),
            ResultColumns.time(row, "created_at"),
            row.getInt("distance"));
      }
    }

    /**
     * Returns the jobs from whose models this job of the department continued, the nearest first.
     */
    @Transactional(readOnly = true)
    public List<Step> ancestors(String departmentId, String jobId) {
      return line(ANCESTORS, departmentId, jobId);
    }

    /** Returns the department's jobs that continued from models of this one, the nearest first. */
    @Transactional(readOnly = true)
    public List<Step> descendants(String departmentId, String jobId) {
      return line(DESCENDANTS, departmentId, jobId);
    }

    private List<Step> line(String direction, String departmentId, String jobId) {
      JdbcClient.StatementSpec line =
          sql.sql(direction + READ)
              .param("department", departmentId)
              .param("job", jobId)
              .param("farthest", FARTHEST)
              .param("most", MOST);
      return EveryDepartment.call(() -> line.query(Step::of).list());
    }
  }
}
