package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.spec.Resources;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a claim returns.
 *
 * @param parentModel model that the job continues from, or null
 * @param start manifest of the directory that training begins with, or null
 * @param resources that it asked for
 * @param departmentId whose it is
 * @param traceparent of the span that submitted it; null = it is in no trace
 * @param waited in the queue; null where an earlier claim got it, whose answer was lost
 * @param memoryFailures runs that ran out of memory so far: another takes as little as it can
 */
record ClaimedJob(
    LeaseKey key,
    String baseModel,
    Digest baseManifest,
    Digest trainingFile,
    @Nullable Digest validationFile,
    String adapterJson,
    long seed,
    Resources resources,
    int memoryFailures,
    @Nullable String parentModel,
    @Nullable Digest start,
    String departmentId,
    @Nullable String traceparent,
    @Nullable Duration waited) {
  static ClaimedJob before(ResultSet row, int number) throws SQLException {
    return of(row, null);
  }

  static ClaimedJob of(ResultSet row, @Nullable Duration waited) throws SQLException {
    String start = row.getString("start_manifest");
    String validation = row.getString("validation_digest");
    return new ClaimedJob(
        new LeaseKey(
            row.getString("id"), row.getLong("lease_epoch"), row.getObject("token", UUID.class)),
        row.getString("base_model"),
        new Digest(row.getString("base_manifest")),
        new Digest(row.getString("training_digest")),
        validation == null ? null : new Digest(validation),
        row.getString("adapter"),
        row.getLong("seed"),
        Resources.written(row.getString("resources")),
        row.getInt("memory_failures"),
        row.getString("parent_model"),
        start == null ? null : new Digest(start),
        row.getString("department_id"),
        row.getString("traceparent"),
        waited);
  }
}
