package dev.graft.adapters;

import dev.graft.jobs.SourceJobs.JobLineage;
import dev.graft.platform.UnixTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The ancestors and descendants of an adapter, including deleted ones. */
@Component
class AdapterLineage {
  private final StoredAdapters rows;
  private final JobLineage jobs;

  AdapterLineage(StoredAdapters rows, JobLineage jobs) {
    this.rows = rows;
    this.jobs = jobs;
  }

  /**
   * In API responses.
   *
   * @param ancestors nearest first
   * @param descendants nearest first, then oldest first
   */
  public record Line(
      String object,
      String id,
      String model,
      @Nullable Long deletedAt,
      List<Relative> ancestors,
      List<Relative> descendants) {}

  /**
   * A job in the lineage and its result.
   *
   * @param distance in jobs, from 1
   * @param model the ancestor that was continued from, or the job's result; null if there is none
   * @param parentModel model that this one continued from
   * @param adapterId null if there never was one, and for another department's adapter
   * @param jobId null for another department's job, like status and creation time
   */
  record Relative(
      int distance,
      @Nullable String model,
      @Nullable String parentModel,
      @Nullable String adapterId,
      @Nullable String jobId,
      @Nullable String jobStatus,
      @Nullable Long createdAt,
      @Nullable Long deletedAt) {
    private static Relative of(
        JobLineage.Step step, @Nullable String model, @Nullable StoredAdapter made) {
      return new Relative(
          step.distance(),
          model,
          step.parentModel(),
          made == null ? null : made.id(),
          step.jobId(),
          step.state(),
          step.createdAt().getEpochSecond(),
          made == null ? null : UnixTime.seconds(made.deletedAt()));
    }

    private static Relative foreign(JobLineage.Step step, String model) {
      return new Relative(step.distance(), model, null, null, null, null, null, null);
    }
  }

  /** Returns nothing if the department never had this adapter. */
  @Transactional(readOnly = true)
  public Optional<Line> of(String departmentId, String id) {
    return rows.findByDepartmentIdAndId(departmentId, id)
        .map(adapter -> line(departmentId, adapter));
  }

  private Line line(String departmentId, StoredAdapter adapter) {
    List<JobLineage.Step> up = jobs.ancestors(departmentId, adapter.origin().jobId());
    List<JobLineage.Step> down = jobs.descendants(departmentId, adapter.origin().jobId());
    Map<String, StoredAdapter> made =
        rows.findByDepartmentIdAndOriginJobIdIn(departmentId, jobIds(up, down)).stream()
            .collect(Collectors.toMap(each -> each.origin().jobId(), Function.identity()));
    return new Line(
        "adapter.lineage",
        adapter.id(),
        adapter.name(),
        UnixTime.seconds(adapter.deletedAt()),
        ancestors(departmentId, adapter.origin().parentModel(), up, made),
        down.stream()
            .map(step -> Relative.of(step, name(made.get(step.jobId())), made.get(step.jobId())))
            .toList());
  }

  /** Names each ancestor as its child named it. */
  private static List<Relative> ancestors(
      String departmentId,
      @Nullable String parent,
      List<JobLineage.Step> up,
      Map<String, StoredAdapter> made) {
    List<Relative> relatives = new ArrayList<>();
    String name = parent;
    for (JobLineage.Step step : up) {
      if (name == null) break;
      relatives.add(
          step.departmentId().equals(departmentId)
              ? Relative.of(step, name, made.get(step.jobId()))
              : Relative.foreign(step, name));
      name = step.parentModel();
    }
    return relatives;
  }

  private static List<String> jobIds(List<JobLineage.Step> up, List<JobLineage.Step> down) {
    return Stream.concat(up.stream(), down.stream()).map(JobLineage.Step::jobId).toList();
  }

  private static @Nullable String name(@Nullable StoredAdapter adapter) {
    return adapter == null ? null : adapter.name();
  }
}
