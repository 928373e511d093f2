package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Finds the department's job behind the name of a model that it makes, or of a checkpoint. */
@Component
public class SourceJobs {
  /** Department and suffix may hold colons; the id never does. */
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
        .filter(job -> FineTunedModel.name(job).equals(name.group("model")))
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

  /** The department whose job the name leads to, whether or not there is such a model. */
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String model) {
    Matcher name = NAME.matcher(model);
    return name.matches() ? jobs.departmentOf("ftjob-" + name.group("id")) : Optional.empty();
  }

  /** Whether an unfinished job continues from what this one has made. */
  @Transactional(readOnly = true)
  public boolean needed(String jobId) {
    return ended.needed(jobId);
  }

  private SourceJob.@Nullable Checkpoint checkpoint(JobRow job, int step) {
    return events
        .checkpoint(job.id(), step)
        .map(
            c ->
                new SourceJob.Checkpoint(c.id(), c.step(), new Digest(c.manifest()), c.createdAt()))
        .orElse(null);
  }
}
