package dev.graft.jobs;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all waiting jobs of a department wait for, read once for all of them.
 *
 * @param workers whether one has been heard of in the last minute, or has a job
 * @param offers of workers that asked for work in the last month
 * @param ahead other departments with work that may start and a smaller share; counted up to {@link
 *     FairShareLedger#COUNTED}, and one more is any number
 * @param ownEnds when the department's running jobs are expected to end, the first first; only what
 *     is known
 * @param firstEnd when the first of all running jobs is expected to end, if that is known of any
 */
record QueueTurn(
    int running,
    int maxRunning,
    boolean workers,
    List<DeviceOffer> offers,
    int ahead,
    List<Instant> ownEnds,
    @Nullable Instant firstEnd) {
  static QueueTurn of(ResultSet row, int number) throws SQLException {
    return new QueueTurn(
        row.getInt("running"),
        row.getInt("max_running"),
        row.getBoolean("workers"),
        DeviceOffer.list(row.getString("offers")),
        row.getInt("ahead"),
        ResultColumns.times(row, "own_ends"),
        ResultColumns.timeOrNull(row, "first_end"));
  }
}
