package dev.graft.jobs;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A job as the database has it, with its progress, its place in the queue and its leases.
 *
 * @param parentModel name of what training continues from, or null
 * @param position 1 = next of its department; null unless queued
 * @param delayedUntil when its next attempt may start; null = it may start now
 * @param approval whether it was or is needed; null = it was not
 * @param asked who asked for the newest pause, resumption or end; null = nobody in particular
 * @param expectedEnd of the run that lives; null while that cannot be known
 * @param worker name of the worker that holds it now
 * @param attemptsJson every lease so far, oldest first
 */
record JobRow(
    String id,
    String departmentId,
    String departmentName,
    Instant createdAt,
    JobState state,
    String baseModel,
    String baseManifest,
    @Nullable String parentModel,
    String trainingFile,
    @Nullable String validationFile,
    @Nullable String suffix,
    long seed,
    String methodJson,
    String hyperparametersJson,
    String adapterJson,
    @Nullable String metadataJson,
    Demand demand,
    Tries tries,
    boolean cancelRequested,
    boolean pauseRequested,
    @Nullable Instant finishedAt,
    Removed removed,
    Result result,
    @Nullable Failure failure,
    Progress progress,
    @Nullable Long position,
    @Nullable Instant delayedUntil,
    @Nullable Approval approval,
    @Nullable Asked asked,
    Names names,
    @Nullable Instant expectedEnd,
    @Nullable String worker,
    double deviceSeconds,
    String attemptsJson) {

  /** What it asks of the queue. */
  public record Demand(int priority, JobNeeds needs) {}

  /**
   * What has gone wrong so far.
   *
   * @param memory runs that ran out of memory, which are not {@code failures}
   * @param lossesInARow lost workers since the newest checkpoint
   * @param ownLossesInARow of them those that only this job can have caused
   */
  public record Tries(int failures, int memory, int lossesInARow, int ownLossesInARow) {}

  /** What came of it; null and empty until it has succeeded. */
  public record Result(@Nullable String model, @Nullable String manifest, List<String> files) {}

  /** The last failure; final only if the job is. */
  public record Failure(
      String type, @Nullable String message, @Nullable String hint, @Nullable String param) {}

  /** What has become of an approval that a job needs. */
  public enum Approval {
    WAITING,
    APPROVED,
    REJECTED;

    static @Nullable Approval of(@Nullable String name) {
      return name == null ? null : valueOf(name.toUpperCase(Locale.ROOT));
    }

    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * @param by name and id of the key, or a person; null = the server itself
   * @param why what was said to it
   */
  public record Asked(@Nullable String by, @Nullable String why) {}

  /**
   * What people call those it names by id; null = there is none, or not any more.
   *
   * @param submitter name or email of the account
   */
  public record Names(
      @Nullable String submitter, @Nullable String trainingFile, @Nullable String validationFile) {}

  /**
   * As last reported by a worker; of a job that waits for its next run, as its newest checkpoint
   * has it.
   *
   * @param validating whether its worker is at the validation file now
   */
  public record Progress(
      int step,
      @Nullable Integer totalSteps,
      @Nullable Double epoch,
      @Nullable Double tokensPerSecond,
      boolean validating,
      long trainedTokens) {}

  /** When retention took what the job had; null where it has not. */
  public record Removed(@Nullable Instant checkpointsAt, @Nullable Instant logsAt) {}

  static JobRow of(ResultSet row, int number) throws SQLException {
    return new JobRow(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("department_name"),
        ResultColumns.time(row, "created_at"),
        JobState.of(row.getString("state")),
        row.getString("base_model"),
        row.getString("base_manifest"),
        row.getString("parent_model"),
        row.getString("training_file"),
        row.getString("validation_file"),
        row.getString("suffix"),
        row.getLong("seed"),
        row.getString("method"),
        row.getString("hyperparameters"),
        row.getString("adapter"),
        row.getString("metadata"),
        new Demand(row.getInt("priority"), JobNeeds.of(row)),
        tries(row),
        row.getObject("cancel_requested_at") != null,
        row.getObject("pause_requested_at") != null,
        ResultColumns.timeOrNull(row, "finished_at"),
        removed(row),
        result(row),
        failure(row),
        progress(row),
        row.getObject("position", Long.class),
        ResultColumns.timeOrNull(row, "delayed_until"),
        Approval.of(row.getString("approval")),
        asked(row),
        names(row),
        ResultColumns.timeOrNull(row, "expected_end"),
        row.getString("worker"),
        row.getDouble("device_seconds"),
        row.getString("attempts"));
  }

  private static Tries tries(ResultSet row) throws SQLException {
    return new Tries(
        row.getInt("failures"),
        row.getInt("memory_failures"),
        row.getInt("losses_in_a_row"),
        row.getInt("own_losses_in_a_row"));
  }

  private static Result result(ResultSet row) throws SQLException {
    return new Result(
        row.getString("fine_tuned_model"),
        row.getString("result_manifest"),
        ResultColumns.texts(row, "result_files"));
  }

  private static Names names(ResultSet row) throws SQLException {
    return new Names(
        row.getString("submitted_by_name"),
        row.getString("training_file_name"),
        row.getString("validation_file_name"));
  }

  private static Removed removed(ResultSet row) throws SQLException {
    return new Removed(
        ResultColumns.timeOrNull(row, "checkpoints_deleted_at"),
        ResultColumns.timeOrNull(row, "logs_deleted_at"));
  }

  private static Progress progress(ResultSet row) throws SQLException {
    return new Progress(
        row.getInt("step"),
        row.getObject("total_steps", Integer.class),
        row.getObject("job_epoch", Double.class),
        row.getObject("tokens_per_second", Double.class),
        row.getBoolean("validating"),
        row.getLong("trained_tokens"));
  }

  private static @Nullable Failure failure(ResultSet row) throws SQLException {
    String type = row.getString("failure_class");
    return type == null
        ? null
        : new Failure(
            type,
            row.getString("failure_message"),
            row.getString("failure_hint"),
            row.getString("failure_param"));
  }

  private static @Nullable Asked asked(ResultSet row) throws SQLException {
    String by = row.getString("asked_by_name");
    String why = row.getString("asked_why");
    return by == null && why == null ? null : new Asked(by, why);
  }
}
