package dev.graft.adapters;

import dev.graft.jobs.SourceJobs.JobLineage;
import dev.graft.platform.UnixTime;
import java.time.Instant;
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

/**
 * What an adapter was trained from, and what was trained from it; deleted ones keep their place.
 */
@Component
class AdapterLineage {
  private final AdapterRows rows;
  private final JobLineage jobs;

  AdapterLineage(AdapterRows rows, JobLineage jobs) {
    this.rows = rows;
    this.jobs = jobs;
  }

  /**
   * An adapter that is there, or was.
   *
   * @param byRetention whether that was what deleted it
   */
  public record Stone(
      String id,
      String name,
      String jobId,
      @Nullable String parentModel,
      @Nullable Instant deletedAt,
      boolean byRetention) {}

  /**
   * On the wire.
   *
   * @param ancestors the nearest first
   * @param descendants the nearest first, the older first among equals
   */
  public record Line(
      String object,
      String id,
      String model,
      @Nullable Long deletedAt,
      List<Relative> ancestors,
      List<Relative> descendants) {}

  /**
   * A job of the line and what it made.
   *
   * @param distance in jobs, from 1
   * @param model what was continued from, or what the job made; null if it has made nothing
   * @param parentModel what it was continued from in turn
   * @param adapterId null where there was never one, and for another department's
   * @param jobId null for another department's, as the two below
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
    private static Relative of(JobLineage.Step step, @Nullable String model, @Nullable Stone made) {
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

  /** Empty if the department never had this adapter. */
  @Transactional(readOnly = true)
  public Optional<Line> of(String departmentId, String id) {
    return rows.stone(departmentId, id).map(stone -> line(departmentId, stone));
  }

  private Line line(String departmentId, Stone stone) {
    List<JobLineage.Step> up = jobs.ancestors(departmentId, stone.jobId());
    List<JobLineage.Step> down = jobs.descendants(departmentId, stone.jobId());
    Map<String, Stone> made =
        rows.stones(departmentId, jobIds(up, down)).stream()
            .collect(Collectors.toMap(Stone::jobId, Function.identity()));
    return new Line(
        "adapter.lineage",
        stone.id(),
        stone.name(),
        UnixTime.seconds(stone.deletedAt()),
        ancestors(departmentId, stone.parentModel(), up, made),
        down.stream()
            .map(step -> Relative.of(step, name(made.get(step.jobId())), made.get(step.jobId())))
            .toList());
  }

  /** Each under the name by which the one below it continued from it. */
  private static List<Relative> ancestors(
      String departmentId,
      @Nullable String parent,
      List<JobLineage.Step> up,
      Map<String, Stone> made) {
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

  private static @Nullable String name(@Nullable Stone stone) {
    return stone == null ? null : stone.name();
  }
}
